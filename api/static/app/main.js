/* The page works without this file; see docs/adr. What it will start is the list of files. */
export {};
