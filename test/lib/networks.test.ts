import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNetworks, isNetwork } from "../../src/lib/networks.ts";

describe("a network", () => {
  it.each(["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "::1", "fd00::/8", "::/0", "::ffff:10.0.0.1"])(
    "may be written %s",
    (text) => {
      expect(isNetwork(text)).toBe(true);
    },
  );

  it.each([
    "",
    "/",
    "/8",
    "10/8",
    "10",
    "10.0/16",
    "010.0.0.0/8",
    "0x0a.0.0.0/8",
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/8/8",
    "10.0.0.0/ 8",
    "10.0.0.0/+8",
    "::/129",
    "example.com",
    " 10.0.0.0/8",
  ])("may not be written %j", (text) => {
    expect(isNetwork(text)).toBe(false);
    expect(() => createNetworks([text])).toThrow("is no network; write it like 10.0.0.0/8");
  });

  it("has the addresses that share its prefix, and no others", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
        const number = (text: string): number =>
          text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
        const shared = (text: string): number => Math.floor(number(text) / 2 ** (32 - prefix));
        const expected = shared(network) === shared(address);
        const networks = createNetworks([`${network}/${prefix}`]);
        expect(networks.has(address)).toBe(expected);
        expect(networks.has(`::ffff:${address}`)).toBe(expected);
      }),
    );
  });
});
