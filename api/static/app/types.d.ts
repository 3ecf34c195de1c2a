/** What the modules of the page hand to each other. Only the type checker reads this file. */

export interface Target {
  name: string;
  title: string;
  extension: string;
  options: string[];
  /** What holds for an option that is not given, where it is the target's own. */
  defaults: { [option: string]: string | number | boolean };
  alpha: "none" | "binary" | "full";
  /** The only sides of an icon's pictures; without them, any up to `most_side`. */
  sides: number[];
  most_side: number;
  /** Seconds for each megapixel by effort, or one where there is no effort; likewise with lossless. */
  paces: number[];
  lossless_paces: number[];
}

export interface OptionFacts {
  type: "integer" | "boolean" | "string";
  choices: (string | number)[];
  lowest: number | null;
  highest: number | null;
  default: string | number | boolean | null;
}

/** A target and its options. Its words stand in the page. */
export interface Preset { name: string; target: string; fields: Fields }

export interface Limits { upload_bytes: number; batch_entries?: number; [name: string]: number | undefined }

export interface PageData {
  root: string;
  language: string;
  version: string;
  limits: Limits;
  targets: Target[];
  options: { [name: string]: OptionFacts };
  presets: Preset[];
  keysOn: boolean;
  hasKey: boolean;
  batch: string | null;
}

export type Fields = { [name: string]: string };

export interface Coded { code: string; detail: string }

export interface Source { format: string; width: number | null; height: number | null; frames: number | null; bytes: number }

export interface Result {
  url: string;
  filename: string;
  media_type: string;
  bytes: number;
  width: number;
  height: number;
  frames: number;
}

/** A job as the API shows it. */
export interface Job {
  id: string;
  status: "queued" | "processing" | "succeeded" | "failed" | "canceled" | "expired";
  filename: string;
  source: Source;
  target_format: string;
  options: { [name: string]: unknown };
  expires_at: string | null;
  attempts: number;
  result: Result | null;
  error: Coded | null;
  warnings: Coded[];
  batch: string | null;
  created_at: string;
}

export interface RefusedFile { filename: string; status: "refused"; problem: Trouble }

/** A batch as the API shows it. */
export interface Batch { id: string; status: "open" | "over"; created_at: string; jobs: (Job | RefusedFile)[] }

/** Why something did not work, as it is kept. */
export interface Trouble { status: number; code: string; detail: string; errors?: { field: string; detail: string }[] }

export type State =
  | "ready" | "uploading" | "queued" | "processing"
  | "succeeded" | "failed" | "canceled" | "expired" | "refused" | "away";

/** One file of the list, as it is kept. Bytes are kept beside it. */
export interface Row {
  id: string;
  order: number;
  name: string;
  /** Where it lay in a dropped folder, with a slash at the end. */
  folder?: string;
  size: number;
  state: State;
  /** The row's own target; "" follows the form until the row is sent. */
  target: string;
  fields: Fields;
  /** The Idempotency-Key of its submission. */
  key: string;
  /** The tab that sends it. */
  tab: string;
  batch: string | null;
  job: string | null;
  answer: Job | null;
  trouble: Trouble | null;
  /** The address of a resumable upload that was begun. */
  upload: string | null;
  /** Whether this browser kept the file's bytes. */
  kept: boolean;
}

/** What is known of a row for the moment, and not kept. */
export interface Moment { sent?: number; total?: number; speed?: number; place?: number | null; retryAt?: number }

export interface Sending {
  blob: Blob | null;
  filename: string;
  fields: Fields;
  key: string;
  onProgress?: (sent: number, total: number) => void;
  signal?: AbortSignal;
}

export interface Followed {
  onBatch?: (batch: Batch) => void;
  onJob?: (job: Job) => void;
  onPlace?: (places: { [job: string]: number | null }) => void;
  onAway?: () => void;
  onBack?: () => void;
  /** The batch is over, and nothing more will come. */
  onOver?: () => void;
  /** The service does not know the batch, or not for this person. */
  onGone?: (trouble: Trouble) => void;
}
