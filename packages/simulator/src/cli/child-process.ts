/** A process of the pool: a bundle that answers jobs (`worker.ts`), in a Node of its own. */
import { fork } from "node:child_process";
import type { Job, JobResult } from "./job.ts";
import { detailMax } from "./job.ts";
import type { Worker, WorkerEvents } from "./pool.ts";

export function startChildProcess(file: string, folder: string, { answered, ended }: WorkerEvents): Worker {
  const child = fork(file, [], {
    cwd: folder,
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    execArgv: ["--max-semi-space-size=32"],
  });
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-detailMax);
  });
  child.on("message", (result) => answered(result as JobResult));
  child.on("error", (error) => ended(error.message));
  child.on("close", (code, signal) => ended(`the process ended (${signal ?? `code ${code}`})\n${stderr}`.trim()));
  return {
    // A process that is gone says so by `close`.
    send: (job: Job) => void child.send(job, () => undefined),
    kill: () => void child.kill("SIGKILL"),
  };
}
