//! A graph as a drawing: columns from who needs to what is needed.

use std::collections::BTreeMap;
use std::fmt::Write;

use xb_graph::NodeId;

const CHARACTER: usize = 8;
const PADDING: usize = 12;
const BOX_HEIGHT: usize = 28;
const ROW: usize = 44;
const GAP: usize = 70;
const MARGIN: usize = 16;

/// What is drawn: boxes, and lines from who needs to what is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// What stands in each box.
    pub titles: Vec<String>,
    /// Lines, by the numbers of boxes; sorted, each once.
    pub edges: Vec<(usize, usize)>,
}

impl Drawing {
    /// Boxes for nodes, lines for edges between them. A node must have a greater number than what it needs.
    pub fn new(titles: BTreeMap<NodeId, String>, edges: impl IntoIterator<Item = (NodeId, NodeId)>) -> Self {
        let index: BTreeMap<NodeId, usize> = titles.keys().enumerate().map(|(index, id)| (*id, index)).collect();
        let mut edges: Vec<_> =
            edges.into_iter().filter_map(|(user, need)| Some((*index.get(&user)?, *index.get(&need)?))).collect();
        edges.sort_unstable();
        edges.dedup();
        Self { titles: titles.into_values().collect(), edges }
    }

    /// The column of each box: one more than the greatest of those who need it.
    fn columns(&self) -> Vec<usize> {
        let mut columns = vec![0; self.titles.len()];
        // Users have greater numbers than what they need, so going down settles each column before it is used.
        for (user, need) in self.edges.iter().rev() {
            columns[*need] = columns[*need].max(columns[*user] + 1);
        }
        columns
    }
}

struct Placed {
    x: usize,
    y: usize,
    width: usize,
}

/// The drawing as SVG.
pub fn svg(drawing: &Drawing) -> String {
    let (placed, width, height) = place(drawing);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n"
    );
    for (user, need) in &drawing.edges {
        let (from, to) = (&placed[*user], &placed[*need]);
        let (x1, y1) = (from.x + from.width, from.y + BOX_HEIGHT / 2);
        let (x2, y2) = (to.x, to.y + BOX_HEIGHT / 2);
        let bend = GAP / 2;
        let _ = writeln!(
            text,
            "  <path d=\"M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#888\"/>",
            x1 + bend,
            x2.saturating_sub(bend),
        );
    }
    for (title, Placed { x, y, width }) in drawing.titles.iter().zip(&placed) {
        let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let (text_x, text_y) = (x + PADDING, y + BOX_HEIGHT / 2 + 5);
        let _ = writeln!(
            text,
            "  <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" rx=\"5\" fill=\"#f4f6f8\" stroke=\"#456\"/>\n  \
             <text x=\"{text_x}\" y=\"{text_y}\">{title}</text>"
        );
    }
    text + "</svg>\n"
}

fn place(drawing: &Drawing) -> (Vec<Placed>, usize, usize) {
    let columns = drawing.columns();
    let width_of = |title: &String| title.chars().count() * CHARACTER + 2 * PADDING;
    let mut widths: BTreeMap<usize, usize> = BTreeMap::new();
    for (title, column) in drawing.titles.iter().zip(&columns) {
        let width = widths.entry(*column).or_default();
        *width = (*width).max(width_of(title));
    }
    let mut left = MARGIN;
    let mut lefts = BTreeMap::new();
    for (column, width) in widths {
        lefts.insert(column, left);
        left += width + GAP;
    }
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let placed: Vec<_> = drawing
        .titles
        .iter()
        .zip(&columns)
        .map(|(title, column)| {
            let row = rows.entry(*column).or_default();
            *row += 1;
            Placed { x: lefts[column], y: MARGIN + (*row - 1) * ROW, width: width_of(title) }
        })
        .collect();
    let height = MARGIN * 2 + rows.values().max().copied().unwrap_or(0) * ROW;
    (placed, left.saturating_sub(GAP) + MARGIN, height)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing() -> Drawing {
        let titles = [(1, "zlib"), (4, "libpng <1>"), (9, "viewer")];
        let titles = titles.map(|(id, title)| (NodeId(id), title.to_owned())).into();
        let edges = [(9, 4), (4, 1), (9, 1), (9, 4), (9, 77)];
        Drawing::new(titles, edges.map(|(user, need)| (NodeId(user), NodeId(need))))
    }

    #[test]
    fn what_is_needed_stands_to_the_right_of_who_needs_it() {
        let drawing = drawing();
        assert_eq!(drawing.edges, [(1, 0), (2, 0), (2, 1)]);
        assert_eq!(drawing.columns(), [2, 1, 0]);
    }

    #[test]
    fn titles_are_escaped() {
        let svg = svg(&drawing());
        assert!(svg.contains("libpng &lt;1&gt;"), "{svg}");
        assert_eq!(svg.matches("<path").count(), 3);
    }
}
