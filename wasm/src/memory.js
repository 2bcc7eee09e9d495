// SPDX-License-Identifier: Apache-2.0
// The module's memory: text, structs and blocks of it. Views are made anew for each access, because
// memory that grows gets a new buffer.
import { ClassifierError } from './errors.js';

/**
 * A struct as C describes it (ec_wasm_describe): its size, and place and type of each member.
 * @typedef {{ size: number, members: Record<string, [number, string]> }} Layout
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Memory {
  #memory;
  #functions;

  /** @param {import('./loader.js').Instance} instance */
  constructor({ memory, functions }) {
    this.#memory = memory;
    this.#functions = functions;
  }

  /** The whole of it, in bytes. */
  get size() {
    return this.#memory.buffer.byteLength;
  }

  /**
   * @param {number} size
   * @returns {number} a block the caller frees
   */
  allocate(size) {
    const pointer = this.#functions.malloc(size) >>> 0;
    if (pointer === 0) {
      throw new ClassifierError('no_memory', `There is no memory for ${size} bytes.`);
    }
    return pointer;
  }

  /** @param {number} pointer */
  free(pointer) {
    this.#functions.free(pointer);
  }

  /**
   * Runs work with blocks that are freed after it.
   * @template T
   * @param {(allocate: (size: number) => number) => T} work
   * @returns {T}
   */
  scope(work) {
    /** @type {number[]} */
    const blocks = [];
    try {
      return work((size) => {
        const block = this.allocate(size);
        blocks.push(block);
        return block;
      });
    } finally {
      blocks.forEach((block) => this.free(block));
    }
  }

  /**
   * A copy of some bytes.
   * @param {number} pointer
   * @param {number} length
   */
  read(pointer, length) {
    return new Uint8Array(this.#memory.buffer, pointer, length).slice();
  }

  /**
   * @param {number} pointer
   * @param {Uint8Array} bytes
   */
  write(pointer, bytes) {
    new Uint8Array(this.#memory.buffer).set(bytes, pointer);
  }

  /** @param {number} pointer */
  u32(pointer) {
    return new DataView(this.#memory.buffer).getUint32(pointer, true);
  }

  /** @param {number} pointer of text that ends in NUL */
  text(pointer) {
    const bytes = new Uint8Array(this.#memory.buffer);
    return decoder.decode(bytes.slice(pointer, bytes.indexOf(0, pointer)));
  }

  /**
   * @param {string} text
   * @param {(size: number) => number} allocate
   * @returns {[pointer: number, length: number]} of its UTF-8
   */
  putText(text, allocate) {
    const bytes = encoder.encode(text);
    const pointer = allocate(bytes.length + 1);
    this.write(pointer, bytes);
    return [pointer, bytes.length];
  }

  /**
   * What a function writes into a buffer; it is called again when that was too small.
   * @param {(out: number, capacity: number) => number} write returns the length in full
   */
  written(write) {
    let capacity = 4096;
    for (;;) {
      /** @type {{ text?: string, length: number }} */
      const result = this.scope((allocate) => {
        const out = allocate(capacity);
        const length = write(out, capacity) >>> 0;
        return {
          length,
          text: length < capacity ? decoder.decode(this.read(out, length)) : undefined,
        };
      });
      if (result.text !== undefined) {
        return result.text;
      }
      capacity = result.length + 1;
    }
  }

  /**
   * @param {Layout} layout
   * @param {number} pointer
   * @returns {Record<string, any>} all members
   */
  struct(layout, pointer) {
    const view = new DataView(this.#memory.buffer);
    /** @type {Record<string, any>} */
    const value = {};
    for (const [name, [offset, type]] of Object.entries(layout.members)) {
      const at = pointer + offset;
      value[name] =
        type === 'text'
          ? this.text(view.getUint32(at, true))
          : type === 'chars'
            ? this.text(at)
            : type === 'f32'
              ? view.getFloat32(at, true)
              : view.getUint32(at, true);
    }
    return value;
  }

  /**
   * Sets the members named in values, and all others to zero.
   * @param {Layout} layout
   * @param {number} pointer
   * @param {Record<string, number>} values
   */
  putStruct(layout, pointer, values) {
    this.write(pointer, new Uint8Array(layout.size));
    const view = new DataView(this.#memory.buffer);
    for (const [name, value] of Object.entries(values)) {
      const [offset, type] = layout.members[name];
      if (type === 'f32') {
        view.setFloat32(pointer + offset, value, true);
      } else {
        view.setUint32(pointer + offset, value, true);
      }
    }
  }
}
