/**
 * The arguments of the kernels by name, in the order in which their classes in `assembly/` have them. Made by
 * `describe.ts` from these classes: change them there.
 *
 * @module
 */

/** A float as a word of a descriptor: its 32 bits as an integer. */
function bits(value: number): number {
  FLOAT[0] = value;
  return INTEGER[0]!;
}

const FLOAT = new Float32Array(1);
const INTEGER = new Int32Array(FLOAT.buffer);

/** The fields of `BatchNorm`. */
export interface BatchNormFields {
  readonly branches: number;
  readonly branchCount: number;
  readonly y: number;
  readonly dy: number;
  readonly relu: number;
  readonly rows: number;
  readonly channels: number;
  readonly chunkRows: number;
  readonly paddedChannels: number;
}

/** The words of a `BatchNorm`. */
export function batchNormWords(fields: BatchNormFields): number[] {
  return [
    fields.branches,
    fields.branchCount,
    fields.y,
    fields.dy,
    fields.relu,
    fields.rows,
    fields.channels,
    fields.chunkRows,
    fields.paddedChannels,
  ];
}

/** The fields of `Convolution`. */
export interface ConvolutionFields {
  readonly input: number;
  readonly weights: number;
  readonly bias: number;
  readonly output: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly batch: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly inStepY: number;
  readonly inStepX: number;
  readonly tapOriginY: number;
  readonly tapOriginX: number;
  readonly tapStepY: number;
  readonly tapStepX: number;
  readonly tapRows: number;
  readonly tapColumns: number;
  readonly outStepY: number;
  readonly outStepX: number;
  readonly outOriginY: number;
  readonly outOriginX: number;
  readonly lo: number;
  readonly hi: number;
  readonly blockPanels: number;
  readonly blockTapRows: number;
}

/** The words of a `Convolution`. */
export function convolutionWords(fields: ConvolutionFields): number[] {
  return [
    fields.input,
    fields.weights,
    fields.bias,
    fields.output,
    fields.inHeight,
    fields.inWidth,
    fields.inChannels,
    fields.outHeight,
    fields.outWidth,
    fields.outChannels,
    fields.batch,
    fields.gridHeight,
    fields.gridWidth,
    fields.inStepY,
    fields.inStepX,
    fields.tapOriginY,
    fields.tapOriginX,
    fields.tapStepY,
    fields.tapStepX,
    fields.tapRows,
    fields.tapColumns,
    fields.outStepY,
    fields.outStepX,
    fields.outOriginY,
    fields.outOriginX,
    bits(fields.lo),
    bits(fields.hi),
    fields.blockPanels,
    fields.blockTapRows,
  ];
}

/** The fields of `Depthwise`. */
export interface DepthwiseFields {
  readonly input: number;
  readonly filter: number;
  readonly bias: number;
  readonly output: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterWidth: number;
  readonly gridHeight: number;
  readonly gridWidth: number;
  readonly inStepY: number;
  readonly inStepX: number;
  readonly tapOriginY: number;
  readonly tapOriginX: number;
  readonly tapStepY: number;
  readonly tapStepX: number;
  readonly outStepY: number;
  readonly outStepX: number;
  readonly outOriginY: number;
  readonly outOriginX: number;
  readonly filterStartY: number;
  readonly filterStartX: number;
  readonly filterStepY: number;
  readonly filterStepX: number;
  readonly tapRows: number;
  readonly tapColumns: number;
  readonly lo: number;
  readonly hi: number;
}

/** The words of a `Depthwise`. */
export function depthwiseWords(fields: DepthwiseFields): number[] {
  return [
    fields.input,
    fields.filter,
    fields.bias,
    fields.output,
    fields.inHeight,
    fields.inWidth,
    fields.channels,
    fields.outHeight,
    fields.outWidth,
    fields.filterWidth,
    fields.gridHeight,
    fields.gridWidth,
    fields.inStepY,
    fields.inStepX,
    fields.tapOriginY,
    fields.tapOriginX,
    fields.tapStepY,
    fields.tapStepX,
    fields.outStepY,
    fields.outStepX,
    fields.outOriginY,
    fields.outOriginX,
    fields.filterStartY,
    fields.filterStartX,
    fields.filterStepY,
    fields.filterStepX,
    fields.tapRows,
    fields.tapColumns,
    bits(fields.lo),
    bits(fields.hi),
  ];
}

/** The fields of `DepthwiseFilterGradient`. */
export interface DepthwiseFilterGradientFields {
  readonly x: number;
  readonly dy: number;
  readonly dw: number;
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly channels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly filterWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly top: number;
  readonly left: number;
  readonly stripRows: number;
}

/** The words of a `DepthwiseFilterGradient`. */
export function depthwiseFilterGradientWords(fields: DepthwiseFilterGradientFields): number[] {
  return [
    fields.x,
    fields.dy,
    fields.dw,
    fields.batch,
    fields.inHeight,
    fields.inWidth,
    fields.channels,
    fields.outHeight,
    fields.outWidth,
    fields.filterWidth,
    fields.strideY,
    fields.strideX,
    fields.dilationY,
    fields.dilationX,
    fields.top,
    fields.left,
    fields.stripRows,
  ];
}

/** The fields of `Elementwise`. */
export interface ElementwiseFields {
  readonly a: number;
  readonly b: number;
  readonly out: number;
  readonly size: number;
}

/** The words of a `Elementwise`. */
export function elementwiseWords(fields: ElementwiseFields): number[] {
  return [
    fields.a,
    fields.b,
    fields.out,
    fields.size,
  ];
}

/** The fields of `FilterGradient`. */
export interface FilterGradientFields {
  readonly x: number;
  readonly dy: number;
  readonly dw: number;
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
  readonly stripRows: number;
}

/** The words of a `FilterGradient`. */
export function filterGradientWords(fields: FilterGradientFields): number[] {
  return [
    fields.x,
    fields.dy,
    fields.dw,
    fields.batch,
    fields.inHeight,
    fields.inWidth,
    fields.inChannels,
    fields.outHeight,
    fields.outWidth,
    fields.outChannels,
    fields.filterWidth,
    fields.strideY,
    fields.strideX,
    fields.top,
    fields.left,
    fields.stripRows,
  ];
}

/** The fields of `Branch`. */
export interface BranchFields {
  readonly x: number;
  readonly gamma: number;
  readonly beta: number;
  readonly mean: number;
  readonly variance: number;
  readonly epsilon: number;
  readonly partials: number;
  readonly dx: number;
  readonly dgamma: number;
  readonly dbeta: number;
}

/** The words of a `Branch`. */
export function branchWords(fields: BranchFields): number[] {
  return [
    fields.x,
    fields.gamma,
    fields.beta,
    fields.mean,
    fields.variance,
    bits(fields.epsilon),
    fields.partials,
    fields.dx,
    fields.dgamma,
    fields.dbeta,
  ];
}

/** The fields of `Mean`. */
export interface MeanFields {
  readonly wide: number;
  readonly narrow: number;
  readonly rows: number;
  readonly channels: number;
}

/** The words of a `Mean`. */
export function meanWords(fields: MeanFields): number[] {
  return [
    fields.wide,
    fields.narrow,
    fields.rows,
    fields.channels,
  ];
}

/** The fields of `PackWeights`. */
export interface PackWeightsFields {
  readonly filter: number;
  readonly packed: number;
  readonly filterWidth: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly tapStartY: number;
  readonly tapStepY: number;
  readonly tapRows: number;
  readonly tapStartX: number;
  readonly tapStepX: number;
  readonly tapColumns: number;
  readonly transposed: number;
}

/** The words of a `PackWeights`. */
export function packWeightsWords(fields: PackWeightsFields): number[] {
  return [
    fields.filter,
    fields.packed,
    fields.filterWidth,
    fields.inChannels,
    fields.outChannels,
    fields.tapStartY,
    fields.tapStepY,
    fields.tapRows,
    fields.tapStartX,
    fields.tapStepX,
    fields.tapColumns,
    fields.transposed,
  ];
}

/** The fields of `Piece`. */
export interface PieceFields {
  readonly count: number;
  readonly decays: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly e: number;
}

/** The words of a `Piece`. */
export function pieceWords(fields: PieceFields): number[] {
  return [
    fields.count,
    fields.decays,
    fields.a,
    fields.b,
    fields.c,
    fields.d,
    fields.e,
  ];
}

/** The fields of `MovingAverage`. */
export interface MovingAverageFields {
  readonly table: number;
  readonly rate: number;
}

/** The words of a `MovingAverage`. */
export function movingAverageWords(fields: MovingAverageFields): number[] {
  return [
    fields.table,
    bits(fields.rate),
  ];
}

/** The fields of `NesterovSgd`. */
export interface NesterovSgdFields {
  readonly table: number;
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
}

/** The words of a `NesterovSgd`. */
export function nesterovSgdWords(fields: NesterovSgdFields): number[] {
  return [
    fields.table,
    bits(fields.learningRate),
    bits(fields.momentum),
    bits(fields.weightDecay),
  ];
}

/** The fields of `Winograd`. */
export interface WinogradFields {
  readonly input: number;
  readonly weights: number;
  readonly bias: number;
  readonly output: number;
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly top: number;
  readonly left: number;
  readonly lo: number;
  readonly hi: number;
  readonly tile: number;
  readonly blockPanels: number;
}

/** The words of a `Winograd`. */
export function winogradWords(fields: WinogradFields): number[] {
  return [
    fields.input,
    fields.weights,
    fields.bias,
    fields.output,
    fields.batch,
    fields.inHeight,
    fields.inWidth,
    fields.inChannels,
    fields.outHeight,
    fields.outWidth,
    fields.outChannels,
    fields.top,
    fields.left,
    bits(fields.lo),
    bits(fields.hi),
    fields.tile,
    fields.blockPanels,
  ];
}

/** The fields of `WinogradFilterGradient`. */
export interface WinogradFilterGradientFields {
  readonly x: number;
  readonly dy: number;
  readonly dw: number;
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly top: number;
  readonly left: number;
  readonly firstTile: number;
  readonly blockTiles: number;
  readonly v: number;
  readonly vBytes: number;
  readonly g: number;
  readonly gBytes: number;
  readonly m: number;
}

/** The words of a `WinogradFilterGradient`. */
export function winogradFilterGradientWords(fields: WinogradFilterGradientFields): number[] {
  return [
    fields.x,
    fields.dy,
    fields.dw,
    fields.batch,
    fields.inHeight,
    fields.inWidth,
    fields.inChannels,
    fields.outHeight,
    fields.outWidth,
    fields.outChannels,
    fields.top,
    fields.left,
    fields.firstTile,
    fields.blockTiles,
    fields.v,
    fields.vBytes,
    fields.g,
    fields.gBytes,
    fields.m,
  ];
}

/** The fields of `WinogradWeights`. */
export interface WinogradWeightsFields {
  readonly filter: number;
  readonly packed: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly transposed: number;
  readonly tile: number;
}

/** The words of a `WinogradWeights`. */
export function winogradWeightsWords(fields: WinogradWeightsFields): number[] {
  return [
    fields.filter,
    fields.packed,
    fields.inChannels,
    fields.outChannels,
    fields.transposed,
    fields.tile,
  ];
}
