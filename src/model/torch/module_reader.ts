/**
 * Layers for the modules of a PyTorch network that names alone describe. A layer is called after its module, with slashes for
 * dots; names say the structure and vectors the widths, so that one damaged kernel is reported as what it is.
 *
 * @module
 */
import { GraphLayers, type GraphValue } from "../graph_layers.ts";
import { channelsOf } from "../layer_builder.ts";
import type { ModuleOfLayer } from "./modules.ts";
import type { TorchState } from "./read_weights.ts";

/** The module that a layer of a {@link ModuleReader} is called after. */
export const moduleOfPath: ModuleOfLayer = (layer) => layer.replaceAll("/", ".");

/** The layer of a module. */
export function layer(module: string): string {
  return module.replaceAll(".", "/");
}

/** Every module that a tensor lies in. */
export function modulesOf(state: TorchState): ReadonlySet<string> {
  const modules = new Set<string>();
  for (const name of state.keys()) {
    for (let at = name.indexOf("."); at >= 0; at = name.indexOf(".", at + 1)) modules.add(name.slice(0, at));
  }
  return modules;
}

/** How many modules there are of that name, with a number in the middle. */
export function countModules(modules: ReadonlySet<string>, before: string, after = ""): number {
  let i = 0;
  while (modules.has(`${before}${i}${after}`)) i++;
  return i;
}

/** Layers for modules, with the shapes that the state says. */
export class ModuleReader {
  readonly net = new GraphLayers();

  constructor(protected readonly state: TorchState) {}

  gelu(x: GraphValue, module: string): GraphValue {
    return this.net.activation(x, `${layer(module)}/gelu`, "gelu");
  }

  /** Squeeze-and-excitation, where the network has it. */
  gate(x: GraphValue, module: string | undefined): GraphValue {
    const neurons = module === undefined ? undefined : this.shape(`${module}.fc1.bias`)?.[0];
    if (module === undefined || neurons === undefined) return x;
    const [name, channels] = [layer(module), channelsOf(x)];
    const pooled = this.net.globalAveragePool(x, `${name}/pool`);
    const reduced = this.net.dense(pooled, { name: `${name}/fc1`, units: neurons, activation: "relu" });
    const opened = this.net.dense(reduced, { name: `${name}/fc2`, units: channels, activation: "sigmoid" });
    return this.net.multiply(
      [x, this.net.reshape(opened, `${name}/reshape`, [1, 1, channels])],
      `${name}/scale`,
    );
  }

  /** How long a vector is; 1 where it is missing, which is then said. */
  protected width(vector: string): number {
    return this.shape(vector)?.[0] ?? 1;
  }

  protected shape(name: string): readonly number[] | undefined {
    return this.state.get(name)?.shape;
  }
}
