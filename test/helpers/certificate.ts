/** A certificate for this machine, made when the tests run; undefined where there is no openssl. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  key: Buffer;
  cert: Buffer;
}

export function makeCertificate(): Certificate | undefined {
  const folder = mkdtempSync(join(tmpdir(), "framewright-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  try {
    execFileSync("openssl", ["req", ...kind, "-days", "2", ...names, "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch (error) {
    console.warn(`The tests of TLS are skipped: openssl made no certificate (${error})`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
