/** What each invariant promises, in plain words. */
const promises: Readonly<Record<string, string>> = {
  I1: "The same changes always give the same state",
  I2: "Nothing that was acknowledged is ever lost",
  I3: "Nothing that was saved on a device is ever lost",
  I4: "What the status says about saving is true",
  I5: "The log's order has no gaps and never changes",
  I6: "Each place in the log has exactly one owner",
  I7: "Sending something twice does no harm",
  I8: "Who may only read can change nothing",
  I9: "Who was removed reads and writes nothing more",
  I10: "The relay never sees what people write",
  I11: "Nobody's name stands under what they did not write",
  I12: "A relay that shows different pasts is found out",
  I13: "No key is used twice in the same way",
  I14: "Once all is healed, all agree in time",
  I15: "Memory stays bounded",
  I16: "Storage stays bounded",
  I17: "Hostile bytes break nothing",
  I18: "An old version never damages newer data",
  I19: "The same seed gives the same run",
  expect: "What this scenario expects happens",
};

export const promiseOf = (invariant: string): string => promises[invariant] ?? `Invariant ${invariant}`;
