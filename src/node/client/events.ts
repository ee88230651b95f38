/**
 * Chapter 10.14 — Events as browsers have them: CloseEvent (WHATWG WebSockets §6), event handlers (`onmessage` and
 * its like), and the shape that Web IDL gives to an interface.
 *
 * `Event`, `EventTarget` and `MessageEvent` are the platform's. Decision: CloseEvent is ours in every version of Node,
 * also where there is one now, so that the class to compare with does not depend on the version.
 *
 * What this file must not know: WebSockets.
 * Next: departures.ts.
 */

// --- CloseEvent -------------------------------------------------------------------------------------------------

type EventInit = NonNullable<ConstructorParameters<typeof Event>[1]>;

export interface CloseEventInit extends EventInit {
  wasClean?: boolean;
  code?: number;
  reason?: string;
}

/** Tells how a connection ended. Like every event that a program makes, it is not `isTrusted`. */
export class CloseEvent extends Event {
  readonly #wasClean: boolean;
  readonly #code: number;
  readonly #reason: string;

  constructor(type: string, init: CloseEventInit = {}) {
    super(type, init);
    // biome-ignore lint/complexity/noArguments: Web IDL counts them
    mustBeGiven("new CloseEvent", arguments.length);
    const { wasClean = false, code = 0, reason = "" } = init ?? {};
    this.#wasClean = Boolean(wasClean);
    this.#code = code & 0xffff; // Web IDL's conversion to an unsigned short
    this.#reason = toUSVString(reason);
  }

  /** Whether the closing handshake came to its end. */
  get wasClean(): boolean {
    return this.#wasClean;
  }

  /** What the server's Close frame says; 1005 if it says nothing, 1006 if there was none. */
  get code(): number {
    return this.#code;
  }

  get reason(): string {
    return this.#reason;
  }
}

/** Web IDL: an argument that is `undefined` has been given; one that is missing has not. */
export function mustBeGiven(method: string, count: number): void {
  if (count === 0) throw new TypeError(`${method}: an argument is missing`);
}

/** Newer than the library that this is compiled against, but not than Node 20. */
interface WellFormed {
  toWellFormed(): string;
}

/** Text with U+FFFD where a surrogate has no other half. Whatever is not text becomes so; a symbol throws. */
export function toUSVString(value: unknown): string {
  return (`${value}` as unknown as WellFormed).toWellFormed();
}

// --- Event handlers ---------------------------------------------------------------------------------------------

/** The event handlers of an object: the values of its `on…` attributes, and their places among the listeners. */
export class EventHandlers {
  readonly #target: EventTarget;
  readonly #active = new Map<string, ActiveHandler>();

  constructor(target: EventTarget) {
    this.#target = target;
  }

  get(type: string): object | null {
    return this.#active.get(type)?.handler ?? null;
  }

  /**
   * A handler is called where the first one was set: another one in its place keeps that place, but after null the
   * next one has to stand behind all listeners. What is neither a function nor another object counts as null.
   */
  set(type: string, value: unknown): void {
    const active = this.#active.get(type);
    if (!isObject(value)) {
      if (active !== undefined) this.#target.removeEventListener(type, active);
      this.#active.delete(type);
    } else if (active !== undefined) {
      active.handler = value;
    } else {
      const activated = new ActiveHandler(this.#target, value);
      this.#active.set(type, activated);
      this.#target.addEventListener(type, activated);
    }
  }
}

/** The listener that stands for a handler. */
class ActiveHandler {
  readonly #target: EventTarget;
  handler: object;

  constructor(target: EventTarget, handler: object) {
    this.#target = target;
    this.handler = handler;
  }

  /**
   * HTML, "the event handler processing algorithm": an object that cannot be called does nothing; false cancels.
   * `this` is the event's `currentTarget`, which Node's events forget after their first listener.
   */
  handleEvent(event: Event): void {
    const { handler } = this;
    if (typeof handler !== "function") return;
    if (handler.call(this.#target, event) === false) event.preventDefault();
  }
}

export function isObject(value: unknown): value is object {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

// --- Interfaces -------------------------------------------------------------------------------------------------

/**
 * Makes a class look as Web IDL has its interface: members are enumerable, constants stand on the class and on its
 * prototype and cannot be changed, and objects call themselves by the name of the interface.
 */
export function exposeInterface(
  name: string,
  type: { readonly prototype: object },
  constants: Readonly<Record<string, number>> = {},
): void {
  const { prototype } = type;
  for (const member of Object.getOwnPropertyNames(prototype)) {
    if (member !== "constructor") Object.defineProperty(prototype, member, { enumerable: true });
  }
  for (const [constant, value] of Object.entries(constants)) {
    Object.defineProperty(type, constant, { value, enumerable: true });
    Object.defineProperty(prototype, constant, { value, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}

exposeInterface("CloseEvent", CloseEvent);
