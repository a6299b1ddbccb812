import { execFileSync } from "node:child_process";
import { join } from "node:path";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const openssl = (dir: string, args: readonly string[]): void =>
  void execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });

/** An authority of its own: makes `ca.pem` and `ca.key` in the folder. */
export function makeAuthority(dir: string): void {
  const subject = ["-subj", "/CN=An authority of the tests"];
  openssl(dir, ["req", "-x509", ...KEY, "-days", "2", "-keyout", "ca.key", "-out", "ca.pem", ...subject]);
}

/** A certificate of that authority: makes `NAME.pem` and `NAME.key`. */
export function makeCertificate(
  dir: string,
  name: string,
  { host = "IP:127.0.0.1", subject = "/CN=hooks.example.com" } = {},
): { readonly cert: string; readonly key: string } {
  const request = ["req", "-new", ...KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`];
  openssl(dir, [...request, "-subj", subject, "-addext", `subjectAltName=${host}`]);
  const sign = ["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl(dir, [...sign, "-days", "2", "-copy_extensions", "copy", "-out", `${name}.pem`]);
  return { cert: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
}
