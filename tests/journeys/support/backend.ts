import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = resolve(import.meta.dirname, '../../..');

/** The program under test. */
export const ANDON = resolve(process.env['ANDON_BIN'] ?? join(ROOT, 'target/debug/andon'));

/** An unoptimised build writes the demo's past history before it serves; a machine that is busy takes its time. */
const START_MS = 90_000;
const END_MS = 10_000;

const DEMO = ['demo', '--headless', '--seed', '7'];

/** Andon without a window, on the demo plant where nothing else is said, in a data folder of its own. */
export class Backend {
  readonly #data: string;
  readonly #command: readonly string[];
  #process: ChildProcess | null = null;
  #url = '';
  #said = '';

  private constructor(data: string, command: readonly string[]) {
    this.#data = data;
    this.#command = command;
  }

  /** Starts it, and waits until it serves. */
  static async start(command: readonly string[] = DEMO): Promise<Backend> {
    const backend = new Backend(await mkdtemp(join(tmpdir(), 'andon-journey-')), command);
    await backend.run();
    return backend;
  }

  /** Where it is served, with the token that lets a browser in. */
  get url(): string {
    return this.#url;
  }

  /** Where it is served, without the token. */
  get origin(): string {
    return new URL(this.#url).origin;
  }

  /** Starts the program on the data folder as it is. */
  async run(): Promise<void> {
    await this.#run(this.#command);
  }

  /**
   * Ends the demo and runs a copy of its plant, which may be changed, on the same history and journal. Its gateways are
   * gone with the demo. Returns the path of the plant file.
   */
  async runCopy(): Promise<string> {
    await this.#end('SIGTERM');
    const copy = join(this.#data, 'copy');
    await cp(join(this.#data, 'demo-plant'), copy, { recursive: true });
    await this.#run(['serve', '--plant', copy]);
    return join(copy, 'plant.toml');
  }

  async #run(what: readonly string[]): Promise<void> {
    const args = [...what, '--data', this.#data];
    const child = spawn(ANDON, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    this.#said = '';
    child.stderr.on('data', (bytes: Buffer) => (this.#said += bytes.toString()));
    this.#url = await new Promise<string>((done, fail) => {
      const wrong = (why: string): void => fail(new Error(`${ANDON} ${why}\n${this.#said}`));
      const timer = setTimeout(() => wrong(`did not serve within ${START_MS / 1000} s`), START_MS);
      createInterface({ input: child.stdout }).on('line', (line) => {
        const found = /^Andon is served at (http:\/\/\S+)$/.exec(line)?.[1];
        if (found === undefined) return;
        clearTimeout(timer);
        done(found);
      });
      child.once('error', (error) => wrong(`could not be started: ${error.message}`));
      child.once('exit', (code, signal) => wrong(`ended with ${code ?? signal}`));
    });
  }

  /** Freezes it: its connections stay, and it does nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it and forgets its data. */
  async end(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#data, { recursive: true, force: true, maxRetries: 3 });
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    // A frozen one hears nothing else.
    child.kill('SIGCONT');
    child.kill(signal);
    // What does not end when it is asked to is ended; the next journey needs the processor.
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(timer);
  }
}
