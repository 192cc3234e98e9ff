/**
 * Lines of text from a stream of bytes, one at a time.
 *
 * @module
 */

/** Reads a stream line by line. */
export class TextLineReader {
  private readonly reader: ReadableStreamDefaultReader<string>;
  private rest = "";

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line, without its end, or undefined when the stream has ended. */
  async next(): Promise<string | undefined> {
    for (;;) {
      const end = this.rest.indexOf("\n");
      if (end >= 0) {
        const line = this.rest.slice(0, end);
        this.rest = this.rest.slice(end + 1);
        return line;
      }
      const { value, done } = await this.reader.read();
      if (done) return undefined;
      this.rest += value;
    }
  }
}
