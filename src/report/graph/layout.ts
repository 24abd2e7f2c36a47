/** A point in SVG user units: y grows downwards. */
export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  width: number;
  height: number;
  /** Upper left corners, in the order of the boxes. */
  corners: Point[];
  /** Per edge the control points of cubic Bézier pieces (1 + 3n of them), then the tip of its arrow. */
  routes: { curve: Point[]; tip: Point }[];
}

/** Places boxes in layers, top to bottom, with Graphviz's dot. Sizes in user units; edges are pairs of box indices. Heavier edges are kept straighter. */
export async function layered(boxes: readonly { width: number; height: number }[], edges: readonly { from: number; to: number; weight: number }[]): Promise<Layout> {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const inches = (units: number): number => units / 72;
  const drawn = viz.renderJSON({
    graphAttributes: { rankdir: "TB", nodesep: inches(22), ranksep: inches(30), splines: "true", outputorder: "nodesfirst" },
    nodeAttributes: { shape: "box", fixedsize: true, label: "" },
    edgeAttributes: { arrowsize: 0.6 },
    nodes: boxes.map((box, place) => ({ name: `n${place}`, attributes: { width: inches(box.width), height: inches(box.height) } })),
    edges: edges.map((edge, place) => ({ tail: `n${edge.from}`, head: `n${edge.to}`, attributes: { weight: edge.weight, id: `e${place}` } })),
  }) as { bb: string; objects?: { name: string; pos: string }[]; edges?: { id: string; pos: string }[] };
  const [, , width = 0, height = 0] = drawn.bb.split(",").map(Number);
  const point = (text: string): Point => {
    const [x = 0, y = 0] = text.split(",").map(Number);
    return { x, y: height - y };
  };
  const centres = new Map((drawn.objects ?? []).map((object) => [object.name, point(object.pos)]));
  const routes = new Map((drawn.edges ?? []).map((edge) => [edge.id, routeOf(edge.pos, point)]));
  return {
    width,
    height,
    corners: boxes.map((box, place) => {
      const centre = centres.get(`n${place}`) ?? { x: 0, y: 0 };
      return { x: centre.x - box.width / 2, y: centre.y - box.height / 2 };
    }),
    routes: edges.map((_, place) => routes.get(`e${place}`) ?? { curve: [], tip: { x: 0, y: 0 } }),
  };
}

/** Graphviz writes `e,<tip> <start> <control> <control> <end> …`. */
function routeOf(text: string, point: (text: string) => Point): { curve: Point[]; tip: Point } {
  const [first = "", ...rest] = text.split(" ");
  const curve = (first.startsWith("e,") ? rest : [first, ...rest]).map(point);
  return { curve, tip: first.startsWith("e,") ? point(first.slice(2)) : (curve.at(-1) ?? { x: 0, y: 0 }) };
}
