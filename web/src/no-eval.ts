import { config } from "zod";

// The content security policy forbids what zod would make its checks faster with. Imported first: schemas ask when they are made.
config({ jitless: true });
