import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import { messageOf } from "./message-of.ts";

/** Where a server's certificate is; absolute paths of PEM files. */
export interface TlsFiles {
  /** The certificate, and behind it those between it and its authority. */
  readonly cert: string;
  readonly key: string;
  /** Those between it and its authority, where `cert` does not hold them; null: it does. */
  readonly ca: string | null;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** A certificate and the key that fits it. */
export interface TlsPair {
  readonly options: SecureContextOptions;
  /** The server's own certificate, PEM. */
  readonly certificate: string;
  /** SHA-256, as OpenSSL writes it. */
  readonly fingerprint: string;
  readonly validTo: Date;
}

/** Reads them, and proves that they fit. Rejects with an Error whose message says, for people, which file is wrong and how. */
export async function readTlsPair({ cert, key, ca, minVersion }: TlsFiles): Promise<TlsPair> {
  const [own, secret, between] = await Promise.all([
    read(cert),
    read(key),
    ca === null ? Promise.resolve("") : read(ca),
  ]);
  const certificate = parse(cert, own);
  if (ca !== null) parse(ca, between);
  const options = { cert: between === "" ? own : `${own.trimEnd()}\n${between}`, key: secret, minVersion };
  try {
    createSecureContext(options);
  } catch (error) {
    throw new Error(explain(error, { cert, key }), { cause: error });
  }
  return {
    options,
    certificate: certificate.toString(),
    fingerprint: certificate.fingerprint256,
    validTo: new Date(certificate.validTo),
  };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(`${file} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

function parse(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (error) {
    throw new Error(`${file} holds no certificate; expected PEM (-----BEGIN CERTIFICATE-----)`, {
      cause: error,
    });
  }
}

function explain(error: unknown, { cert, key }: Pick<TlsFiles, "cert" | "key">): string {
  const message = messageOf(error);
  if (/key values mismatch|key type/i.test(message))
    return `the key in ${key} is not that of the certificate in ${cert}`;
  if (/bad decrypt|interrupted|passphrase|password/i.test(message))
    return `the key in ${key} is encrypted; a server needs one without a passphrase`;
  if (/no start line|DECODER|unsupported|not enough data/i.test(message))
    return `${key} holds no key; expected PEM (-----BEGIN PRIVATE KEY-----)`;
  return `${cert} and ${key} can't be used: ${message}`;
}
