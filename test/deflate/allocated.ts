// How much memory a piece of code asks for: the typed arrays it makes by their size.

export function allocated<T>(run: () => T): { result: T; bytes: number } {
  let bytes = 0;
  const saved = { Uint8Array, Uint16Array, Uint32Array, Int32Array };
  const counting = <C extends Uint8ArrayConstructor | Uint16ArrayConstructor>(original: C): C =>
    new Proxy(original, {
      construct(target, args, newTarget) {
        if (typeof args[0] === "number") bytes += args[0] * target.BYTES_PER_ELEMENT;
        return Reflect.construct(target, args, newTarget === target ? target : newTarget);
      },
    });
  try {
    for (const [name, original] of Object.entries(saved)) {
      Object.assign(globalThis, { [name]: counting(original as Uint8ArrayConstructor) });
    }
    return { result: run(), bytes };
  } finally {
    Object.assign(globalThis, saved);
  }
}
