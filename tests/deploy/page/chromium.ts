/** Chromium for tests, where Debian's package has put it. */
import { type Browser, chromium } from "playwright-core";

/** Where Debian, Fedora and Arch put it. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

/** The browser's program, or nothing where there is none. */
export const CHROMIUM: string | undefined = PLACES.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

if (CHROMIUM === undefined) {
  console.log("Tests in a browser are skipped: there is no Chromium (apt-get install chromium).");
}

/** Defines a test that needs a browser. */
export function browserTest(name: string, work: (browser: Browser) => Promise<void>): void {
  Deno.test({
    name,
    ignore: CHROMIUM === undefined,
    async fn() {
      // Containers, where this often runs, have no room for Chromium's own sandbox.
      const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ["--no-sandbox"] });
      try {
        await work(browser);
      } finally {
        await browser.close();
      }
    },
  });
}
