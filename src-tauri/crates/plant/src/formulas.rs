//! Formulas: what their names mean, and in which order they are calculated.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use formula::Formula;
use model::{EquipmentId, TagIndex};

use crate::fields::Said;
use crate::nearest::nearest;
use crate::problem::{Place, Problems};
use crate::tags::{Draft, Origin, Tags};

/// Most tags named when a circle is described.
const NAMED: usize = 6;

/// The formulas of the calculated tags, and the order that gives every input before what is calculated from it.
pub(crate) struct Calculations {
    pub formulas: HashMap<TagIndex, Arc<Formula>>,
    pub order: Vec<TagIndex>,
}

/// Compiles every calculated tag's formula. Reports what does not compile, and every tag that is calculated from itself.
pub(crate) fn calculations(tags: &Tags, problems: &mut Problems) -> Calculations {
    let mut formulas = HashMap::new();
    let mut nodes: Vec<(&Draft, Place)> = Vec::new();
    for draft in &tags.drafts {
        let Origin::Formula(text) = &draft.origin else { continue };
        problems.set_context(draft.context.clone());
        if let Some(formula) = compile(text.as_deref(), draft.equipment.as_ref(), tags, problems) {
            formulas.insert(draft.index, formula);
            nodes.push((draft, text.at));
        }
    }
    let positions: HashMap<TagIndex, usize> =
        nodes.iter().enumerate().map(|(at, (draft, _))| (draft.index, at)).collect();
    let inputs: Vec<Vec<usize>> = nodes
        .iter()
        .map(|(draft, _)| {
            formulas[&draft.index].inputs().iter().filter_map(|input| positions.get(input).copied()).collect()
        })
        .collect();
    let mut order = Vec::with_capacity(nodes.len());
    for group in groups(&inputs) {
        let circular = group.len() > 1 || group.iter().any(|node| inputs[*node].contains(node));
        for &node in &group {
            let (draft, at) = nodes[node];
            order.push(draft.index);
            if circular {
                problems.set_context(draft.context.clone());
                // Of a large circle with thousands of tags, the way round is looked for as often as it is shown.
                let way = if problems.is_full() { vec![node] } else { circle(node, &inputs) };
                let ids = way.into_iter().map(|node| &*nodes[node].0.id).collect::<Vec<_>>();
                let remedy = "leave one of these tags out of the formula";
                problems.error(at, format!("the tag is calculated from itself: {}", words(&ids)), remedy);
            }
        }
    }
    problems.set_context(None);
    Calculations { formulas, order }
}

/// Compiles one formula whose names are seen from `scope`. Reports why it cannot be.
pub(crate) fn compile(
    text: Said<&str>,
    scope: Option<&EquipmentId>,
    tags: &Tags,
    problems: &mut Problems,
) -> Option<Arc<Formula>> {
    let error = match Formula::compile(text.value, &|name| tags.resolve(scope, name).map(|draft| draft.index)) {
        Ok(formula) => return Some(Arc::new(formula)),
        Err(error) => error,
    };
    match error.unknown_tag {
        Some(name) => {
            let remedy = unknown_tag_remedy(&name, scope, tags, problems).unwrap_or(error.remedy);
            problems.absent(text.at, error.message, remedy);
        }
        None => problems.error(text.at, error.message, error.remedy),
    }
    None
}

/// What to do about a name that is no tag: the nearest one, as it would be written there.
pub(crate) fn unknown_tag_remedy(
    name: &str,
    scope: Option<&EquipmentId>,
    tags: &Tags,
    problems: &mut Problems,
) -> Option<String> {
    if !problems.afford(tags.drafts.len()) {
        return None;
    }
    let near_here = scope.and_then(|scope| {
        let of_scope = tags.drafts.iter().filter(|draft| draft.equipment.as_ref() == Some(scope));
        nearest(name, of_scope.filter_map(|draft| draft.id.rsplit('/').next()))
    });
    let near = near_here.or_else(|| nearest(name, tags.drafts.iter().map(|draft| &*draft.id)));
    near.map(|near| format!("did you mean `{near}`?"))
}

/// The strongly connected groups of a graph, every group after those it has edges to (Tarjan 1972, without recursion, as
/// a chain of formulas may be as long as the plant is large).
fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut number = vec![UNSEEN; edges.len()];
    let mut lowest = vec![0; edges.len()];
    let mut is_open = vec![false; edges.len()];
    let mut open = Vec::new();
    let mut found = Vec::new();
    let mut numbered = 0;
    for root in 0..edges.len() {
        if number[root] != UNSEEN {
            continue;
        }
        let mut path = vec![(root, 0)];
        while let Some((node, next)) = path.pop() {
            if next == 0 {
                number[node] = numbered;
                lowest[node] = numbered;
                numbered += 1;
                open.push(node);
                is_open[node] = true;
            }
            if let Some(&to) = edges[node].get(next) {
                path.push((node, next + 1));
                if number[to] == UNSEEN {
                    path.push((to, 0));
                } else if is_open[to] {
                    lowest[node] = lowest[node].min(number[to]);
                }
                continue;
            }
            if let Some(&(above, _)) = path.last() {
                lowest[above] = lowest[above].min(lowest[node]);
            }
            if lowest[node] == number[node] {
                let from =
                    open.iter().rposition(|&other| other == node).expect("a node is open until its group is found");
                let group = open.split_off(from);
                group.iter().for_each(|&node| is_open[node] = false);
                found.push(group);
            }
        }
    }
    found
}

/// A shortest way from a node back to itself, both ends included.
fn circle(start: usize, edges: &[Vec<usize>]) -> Vec<usize> {
    let mut came_from: HashMap<usize, usize> = HashMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(node) = waiting.pop_front() {
        for &to in &edges[node] {
            if to == start {
                let mut way = vec![start, node];
                let mut at = node;
                while at != start {
                    at = came_from[&at];
                    way.push(at);
                }
                way.reverse();
                return way;
            }
            came_from.entry(to).or_insert_with(|| {
                waiting.push_back(to);
                node
            });
        }
    }
    vec![start]
}

fn words(circle: &[&str]) -> String {
    if circle.len() <= NAMED + 1 {
        return circle.join(" -> ");
    }
    let (first, rest) = circle.split_at(NAMED);
    format!("{} -> ... -> {}", first.join(" -> "), rest.last().copied().unwrap_or_default())
}
