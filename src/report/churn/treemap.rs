//! A map of files: each a rectangle as large as its churn, inside the rectangle of its folder.
//!
//! The rectangles are laid out as Bruls, Huizing and van Wijk have it ("Squarified treemaps", 2000): rows are filled along the shorter
//! side for as long as that makes the rectangles squarer.

use std::collections::BTreeMap;

/// A rectangle, in the units of the drawing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What is drawn: folders before what they hold.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    /// A folder, with its name; the strip at its top is free for that.
    Folder(Vec<u8>, Area),
    /// A file, by its index.
    File(usize, Area),
}

/// How much room a folder's name takes at its top.
pub(super) const STRIP: f64 = 15.0;

/// The least width and height of a folder that is drawn as one.
const LEAST: (f64, f64) = (48.0, 40.0);

/// Folders below so many others are not told apart, so that no path can make the drawing deep without end.
const DEEPEST: usize = 40;

/// A folder on the way to the files in it.
#[derive(Default)]
struct Folder {
    weight: f64,
    folders: BTreeMap<Vec<u8>, Folder>,
    files: Vec<(usize, f64)>,
}

enum Item<'a> {
    Folder(Vec<u8>, &'a Folder),
    File(usize),
}

/// Lays out files, each a path and a weight above 0, in an area.
pub(super) fn treemap(files: &[(&[u8], f64)], area: Area) -> Vec<Shape> {
    let mut root = Folder::default();
    for (index, (path, weight)) in files.iter().enumerate() {
        let mut folder = &mut root;
        folder.weight += weight;
        let mut parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        parts.pop();
        for part in parts.into_iter().take(DEEPEST) {
            folder = folder.folders.entry(part.to_vec()).or_default();
            folder.weight += weight;
        }
        folder.files.push((index, *weight));
    }
    let mut shapes = Vec::new();
    fill(&root, area, &mut shapes);
    shapes
}

fn fill(folder: &Folder, area: Area, shapes: &mut Vec<Shape>) {
    let mut items: Vec<(f64, Item<'_>)> = Vec::new();
    for (name, inner) in &folder.folders {
        let (mut name, mut inner) = (name.clone(), inner);
        while let (true, Some((next, below))) = (inner.files.is_empty() && inner.folders.len() == 1, inner.folders.iter().next()) {
            name.push(b'/');
            name.extend_from_slice(next);
            inner = below;
        }
        items.push((inner.weight, Item::Folder(name, inner)));
    }
    items.extend(folder.files.iter().map(|(index, weight)| (*weight, Item::File(*index))));
    items.sort_by(|one, other| other.0.total_cmp(&one.0));
    let weights: Vec<f64> = items.iter().map(|item| item.0).collect();
    for ((_, item), area) in items.into_iter().zip(squares(&weights, area)) {
        match item {
            Item::File(index) => shapes.push(Shape::File(index, area)),
            Item::Folder(name, inner) if area.width >= LEAST.0 && area.height >= LEAST.1 => {
                shapes.push(Shape::Folder(name, area));
                let inside = Area { x: area.x + 2.0, y: area.y + STRIP, width: area.width - 4.0, height: area.height - STRIP - 2.0 };
                fill(inner, inside, shapes);
            }
            Item::Folder(_, inner) => {
                let mut all = Vec::new();
                gather(inner, &mut all);
                all.sort_by(|one: &(usize, f64), other| other.1.total_cmp(&one.1));
                let weights: Vec<f64> = all.iter().map(|file| file.1).collect();
                shapes.extend(all.iter().zip(squares(&weights, area)).map(|((index, _), area)| Shape::File(*index, area)));
            }
        }
    }
}

fn gather(folder: &Folder, all: &mut Vec<(usize, f64)>) {
    let mut waiting = vec![folder];
    while let Some(folder) = waiting.pop() {
        all.extend_from_slice(&folder.files);
        waiting.extend(folder.folders.values());
    }
}

/// Divides an area among weights, which come largest first.
fn squares(weights: &[f64], mut area: Area) -> Vec<Area> {
    let mut areas = Vec::with_capacity(weights.len());
    let mut left: f64 = weights.iter().sum();
    let mut rest = weights;
    while !rest.is_empty() && left > 0.0 {
        let scale = area.width * area.height / left;
        let side = area.width.min(area.height);
        let (mut count, mut sum) = (1, rest[0]);
        while count < rest.len()
            && worst(rest[0], rest[count], sum + rest[count], scale, side) <= worst(rest[0], rest[count - 1], sum, scale, side)
        {
            sum += rest[count];
            count += 1;
        }
        let thick = if side > 0.0 { sum * scale / side } else { 0.0 };
        let mut at = 0.0;
        for weight in &rest[..count] {
            let long = side * weight / sum;
            areas.push(if area.width >= area.height {
                Area { x: area.x, y: area.y + at, width: thick, height: long }
            } else {
                Area { x: area.x + at, y: area.y, width: long, height: thick }
            });
            at += long;
        }
        if area.width >= area.height {
            (area.x, area.width) = (area.x + thick, (area.width - thick).max(0.0));
        } else {
            (area.y, area.height) = (area.y + thick, (area.height - thick).max(0.0));
        }
        left -= sum;
        rest = &rest[count..];
    }
    areas.resize(weights.len(), Area { width: 0.0, height: 0.0, ..area });
    areas
}

/// Returns how far from square the worst of a row is, whose largest, smallest and summed weights these are.
fn worst(largest: f64, smallest: f64, sum: f64, scale: f64, side: f64) -> f64 {
    let (square, sum) = (side * side, sum * scale);
    (square * largest * scale / (sum * sum)).max(sum * sum / (square * smallest * scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Area = Area { x: 0.0, y: 0.0, width: 600.0, height: 400.0 };

    fn size(area: &Area) -> f64 {
        area.width * area.height
    }

    #[test]
    fn areas_are_as_large_as_their_weights_and_fill_the_whole() {
        let weights = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let areas = squares(&weights, WHOLE);
        for (weight, area) in weights.iter().zip(&areas) {
            assert!((size(area) - weight * 10_000.0).abs() < 0.01, "{area:?}");
            assert!(area.x >= 0.0 && area.y >= 0.0 && area.x + area.width < 600.01 && area.y + area.height < 400.01, "{area:?}");
            assert!(area.width / area.height < 4.0 && area.height / area.width < 4.0, "{area:?}");
        }
    }

    #[test]
    fn files_stand_in_their_folders() {
        let files: [(&[u8], f64); 3] = [(b"a/b/x", 5.0), (b"a/b/y", 3.0), (b"z", 4.0)];
        let shapes = treemap(&files, WHOLE);
        let [Shape::Folder(name, folder), Shape::File(0, x), Shape::File(1, y), Shape::File(2, z)] = &shapes[..] else {
            panic!("{shapes:?}")
        };
        assert_eq!(name, b"a/b");
        for file in [x, y] {
            assert!(file.x >= folder.x && file.y >= folder.y + STRIP && file.x + file.width <= folder.x + folder.width, "{file:?}");
        }
        assert!(z.x >= folder.x + folder.width || z.y >= folder.y + folder.height);
    }

    #[test]
    fn every_file_is_there_once_also_in_folders_without_end() {
        let deep = "d/".repeat(5000) + "x";
        let names: Vec<String> = (0..500).map(|at| format!("{}/f{at}", "n/".repeat(at % 20))).chain([deep]).collect();
        let files: Vec<(&[u8], f64)> = names.iter().map(|name| (name.as_bytes(), 1.0)).collect();
        let mut seen: Vec<usize> =
            treemap(&files, WHOLE).iter().filter_map(|shape| if let Shape::File(at, _) = shape { Some(*at) } else { None }).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..501).collect::<Vec<_>>());
        assert_eq!(treemap(&[], WHOLE), []);
    }
}
