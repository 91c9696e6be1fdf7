/** A leaf, laid out for reading. What is not JSON is shown as it is. */
export function indentLeaf(leaf: string): string {
  try {
    return JSON.stringify(JSON.parse(leaf), null, 2)
  } catch {
    return leaf
  }
}
