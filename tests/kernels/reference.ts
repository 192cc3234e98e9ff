/**
 * Plain float64 convolutions and their gradients, straight from the definition, one multiplication at a time. Every kernel
 * is held against these. Layouts: images NHWC, kernels HWIO, depthwise kernels [h, w, C, M].
 *
 * @module
 */

/** Sizes of one convolution; the padding is explicit, the output size follows. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inChannels: number;
  /** Output channels; for a depthwise convolution, the multiplier. */
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** Zeros at the top, bottom, left and right. */
  readonly padding: readonly [number, number, number, number];
}

/** Rows and columns of the output. */
export function outputSize(shape: ConvolutionShape): [number, number] {
  const [top, bottom, left, right] = shape.padding;
  const spanHeight = (shape.filterHeight - 1) * shape.dilation[0] + 1;
  const spanWidth = (shape.filterWidth - 1) * shape.dilation[1] + 1;
  return [
    Math.floor((shape.height + top + bottom - spanHeight) / shape.stride[0]) + 1,
    Math.floor((shape.width + left + right - spanWidth) / shape.stride[1]) + 1,
  ];
}

/** Calls `visit` with the input pixel, the tap and the output pixel of every product that is not with padding. */
function forEachTap(
  shape: ConvolutionShape,
  visit: (inputPixel: number, tap: number, outputPixel: number) => void,
): void {
  const [outHeight, outWidth] = outputSize(shape);
  const [top, , left] = shape.padding;
  for (let n = 0; n < shape.batch; n++) {
    for (let p = 0; p < outHeight; p++) {
      for (let q = 0; q < outWidth; q++) {
        for (let i = 0; i < shape.filterHeight; i++) {
          for (let j = 0; j < shape.filterWidth; j++) {
            const row = p * shape.stride[0] + i * shape.dilation[0] - top;
            const column = q * shape.stride[1] + j * shape.dilation[1] - left;
            if (row < 0 || row >= shape.height || column < 0 || column >= shape.width) continue;
            visit(
              (n * shape.height + row) * shape.width + column,
              i * shape.filterWidth + j,
              (n * outHeight + p) * outWidth + q,
            );
          }
        }
      }
    }
  }
}

/** y[n, p, q, k] = Σ x · w. */
export function convolve(x: ArrayLike<number>, w: ArrayLike<number>, shape: ConvolutionShape): Float64Array {
  const { inChannels: C, outChannels: K } = shape;
  const [outHeight, outWidth] = outputSize(shape);
  const y = new Float64Array(shape.batch * outHeight * outWidth * K);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < K; k++) y[output * K + k]! += x[input * C + c]! * w[(tap * C + c) * K + k]!;
    }
  });
  return y;
}

/** dw[i, j, c, k] = Σ x · dy. */
export function filterGradient(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { inChannels: C, outChannels: K } = shape;
  const dw = new Float64Array(shape.filterHeight * shape.filterWidth * C * K);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < K; k++) dw[(tap * C + c) * K + k]! += x[input * C + c]! * dy[output * K + k]!;
    }
  });
  return dw;
}

/** dx[n, h, w, c] = Σ dy · w. */
export function inputGradient(
  dy: ArrayLike<number>,
  w: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { inChannels: C, outChannels: K } = shape;
  const dx = new Float64Array(shape.batch * shape.height * shape.width * C);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let k = 0; k < K; k++) dx[input * C + c]! += dy[output * K + k]! * w[(tap * C + c) * K + k]!;
    }
  });
  return dx;
}

/** y[n, p, q, c·M + m] = Σ x[.., c] · w[.., c, m]. */
export function depthwiseConvolve(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { inChannels: C, outChannels: M } = shape;
  const [outHeight, outWidth] = outputSize(shape);
  const y = new Float64Array(shape.batch * outHeight * outWidth * C * M);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let m = 0; m < M; m++) {
        y[(output * C + c) * M + m]! += x[input * C + c]! * w[(tap * C + c) * M + m]!;
      }
    }
  });
  return y;
}

/** dw[i, j, c, m] = Σ x[.., c] · dy[.., c·M + m]. */
export function depthwiseFilterGradient(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { inChannels: C, outChannels: M } = shape;
  const dw = new Float64Array(shape.filterHeight * shape.filterWidth * C * M);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let m = 0; m < M; m++) {
        dw[(tap * C + c) * M + m]! += x[input * C + c]! * dy[(output * C + c) * M + m]!;
      }
    }
  });
  return dw;
}

/** dx[n, h, w, c] = Σ dy[.., c·M + m] · w[.., c, m]. */
export function depthwiseInputGradient(
  dy: ArrayLike<number>,
  w: ArrayLike<number>,
  shape: ConvolutionShape,
): Float64Array {
  const { inChannels: C, outChannels: M } = shape;
  const dx = new Float64Array(shape.batch * shape.height * shape.width * C);
  forEachTap(shape, (input, tap, output) => {
    for (let c = 0; c < C; c++) {
      for (let m = 0; m < M; m++) {
        dx[input * C + c]! += dy[(output * C + c) * M + m]! * w[(tap * C + c) * M + m]!;
      }
    }
  });
  return dx;
}
