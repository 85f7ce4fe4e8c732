// The lines that xtask reads; see ../README.md.

export function client(name, version) {
  console.log(JSON.stringify({ client: name, version }));
}

/** Runs `check` and reports whether it threw. */
export async function feature(name, check) {
  let ok = true;
  let note = "";
  let bell;
  const limit = new Promise((_, late) => {
    bell = setTimeout(() => late(new Error("not done within 30 s")), 30_000);
  });
  try {
    await Promise.race([check(), limit]);
  } catch (error) {
    ok = false;
    note = `${error.name}: ${error.message} ${error.stack?.split("\n")[1]?.trim() ?? ""}`.slice(0, 600);
  }
  clearTimeout(bell);
  console.log(JSON.stringify({ feature: name, ok, note }));
}
