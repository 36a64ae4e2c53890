// A graph is a Map from a name to the Set of names that it imports.

/** Groups of names that reach each other, each sorted. A name that imports only itself is no group. */
export function cycles(graph) {
  // Tarjan 1972, Depth-first search and linear graph algorithms, with a stack of its own: files can be a long chain.
  const order = new Map();
  const low = new Map();
  const open = [];
  const isOpen = new Set();
  const found = [];

  const enter = (name) => {
    order.set(name, order.size);
    low.set(name, order.get(name));
    open.push(name);
    isOpen.add(name);
    return { name, rest: [...(graph.get(name) ?? [])] };
  };
  const leave = (name) => {
    if (low.get(name) !== order.get(name)) return;
    const group = open.splice(open.indexOf(name));
    group.forEach((each) => isOpen.delete(each));
    if (group.length > 1) found.push(group.sort());
  };

  for (const start of graph.keys()) {
    const path = order.has(start) ? [] : [enter(start)];
    while (path.length > 0) {
      const { name, rest } = path.at(-1);
      const next = rest.pop();
      if (next === undefined) {
        path.pop();
        leave(name);
        const parent = path.at(-1)?.name;
        if (parent !== undefined) low.set(parent, Math.min(low.get(parent), low.get(name)));
      } else if (!order.has(next)) {
        path.push(enter(next));
      } else if (isOpen.has(next)) {
        low.set(name, Math.min(low.get(name), order.get(next)));
      }
    }
  }
  return found.sort((a, b) => b.length - a.length || a[0].localeCompare(b[0]));
}

/** The graph of what names stand for. `groupOf` gives none for names that stand for nothing. */
export function grouped(graph, groupOf) {
  const groups = new Map();
  for (const [name, imports] of graph) {
    const from = groupOf(name);
    if (!groups.has(from)) groups.set(from, new Set());
    for (const to of [...imports].map(groupOf)) if (to !== from) groups.get(from).add(to);
  }
  return groups;
}
