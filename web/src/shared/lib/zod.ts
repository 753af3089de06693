import * as z from "zod/mini";

// The page may not evaluate strings as code. This must run before the first schema is made, so schemas get `z` from here.
z.config({ jitless: true });

export { z };
