/**
 * Which output pixels of a convolution read a pixel inside of the input, for one tap along one axis: output pixel p reads
 * p·stride + tap - before.
 */

/** The first output pixel whose tap is inside, along one axis. */
// @ts-ignore: decorator
@inline
export function firstInside(tap: i32, before: i32, stride: i32): i32 {
  return tap >= before ? 0 : (before - tap + stride - 1) / stride;
}

/** One behind the last output pixel whose tap is inside, along one axis; 0 when there is none. */
// @ts-ignore: decorator
@inline
export function endInside(tap: i32, before: i32, stride: i32, inSize: i32, outSize: i32): i32 {
  const room = inSize - 1 + before - tap;
  return room < 0 ? 0 : min(outSize, room / stride + 1);
}
