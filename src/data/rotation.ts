/**
 * Directions at whole degrees, the same bits on every machine. `Math.sin` and `Math.cos` may differ in the last bit
 * between engines and their versions (ECMA-262, 21.3.2), which could change a rounded pixel; addition, multiplication,
 * division and square root may not (IEEE 754). So the table below is built from those alone.
 *
 * @module
 */

/** A point or a direction in the plane. */
export interface Vector {
  /** To the right. */
  readonly x: number;
  /** Across: up in the plane, down on a canvas. */
  readonly y: number;
}

const DEGREES_PER_TURN = 360;
const COS_1_DEGREE = 0.9998476951563913;
const SIN_1_DEGREE = 0.01745240643728351;
const DIRECTIONS: readonly Vector[] = directionTable();

/**
 * The unit vector (cos θ, sin θ), to within 1e-13.
 *
 * @param degrees θ, any whole number of degrees.
 */
export function direction(degrees: number): Vector {
  const index = ((degrees % DEGREES_PER_TURN) + DEGREES_PER_TURN) % DEGREES_PER_TURN;
  const vector = DIRECTIONS[index];
  if (vector === undefined) throw new RangeError(`direction() takes whole degrees: it was given ${degrees}`);
  return vector;
}

/** Turns by one degree, 359 times: (x, y) -> (x cos 1° - y sin 1°, x sin 1° + y cos 1°), scaled back to length 1. */
function directionTable(): Vector[] {
  const table: Vector[] = [{ x: 1, y: 0 }];
  for (let { x, y } = table[0]!; table.length < DEGREES_PER_TURN; table.push({ x, y })) {
    const turnedX = x * COS_1_DEGREE - y * SIN_1_DEGREE;
    const turnedY = x * SIN_1_DEGREE + y * COS_1_DEGREE;
    const length = Math.sqrt(turnedX * turnedX + turnedY * turnedY);
    x = turnedX / length;
    y = turnedY / length;
  }
  return table;
}
