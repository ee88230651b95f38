import type { Agreement, Extension, Parameter, ReservedBit } from "../../src/protocol/extension.ts";

/** Agrees to anything but an offer with the parameter "no"; echoes the parameters. */
export function extension(
  name: string,
  reservedBit: ReservedBit = 0,
  alternatives: Parameter[][] = [[]],
): Extension {
  const agreement = (parameters: readonly Parameter[]): Agreement => ({ name, reservedBit, parameters });
  const disliked = (parameters: readonly Parameter[]): boolean => parameters.some((one) => one.name === "no");
  return {
    name,
    reservedBit,
    offers: () => alternatives,
    accept: (offer) => (disliked(offer) ? undefined : agreement(offer)),
    confirm: (answer) => (disliked(answer) ? "No is no answer." : agreement(answer)),
  };
}
