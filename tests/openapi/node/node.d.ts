// What client.ts uses of Node, instead of a package for it.
declare module "node:fs" {
  export function readFileSync(path: string): Uint8Array<ArrayBuffer>;
  export function writeFileSync(path: string, data: Uint8Array): void;
}
declare const process: { argv: string[] };
