//! Convolutions whose groups have few channels: channels of the result in the lanes of a vector, and neighbouring results in registers, one
//! channel of each group at a time. The part of the image that a tile of results needs is copied first, with zeros beside it, so that the
//! sums know no border.

use super::super::gemm::Line;
use super::super::reduction::{self, Reduction};
use super::super::split::{self, Shared};
use super::chains::{self, TILE, Walk};
use super::shape::Convolution;

/// Channels of a vector.
const LANES: usize = 16;
/// Most columns of results in a tile of a task.
const WIDE: usize = 128;
/// Vectors of the image that a task copies, to stay in the first two caches.
const COPIED: usize = 1 << 12;

/// Begins at a line of the cache.
type Lanes = Line;

const ZERO: Lanes = Line([0.0; LANES]);

/// Images as a sweep sees them: `spread` − 1 zeros between neighbours, and groups of `parts` channels for groups of `shared` ones of the
/// result, whose channel c is made of the channels (c / shared) · parts + part.
#[derive(Clone, Copy)]
struct Source<'a> {
    image: &'a [f32],
    size: [usize; 2],
    channels: usize,
    spread: [usize; 2],
    parts: usize,
    shared: usize,
}

/// Results of (batch, grid, channels), each a sum over parts and taps: element i sees i · step + tap · dilation − pad.
struct Sweep<'a> {
    source: Source<'a>,
    batch: usize,
    grid: [usize; 2],
    channels: usize,
    kernel: [usize; 2],
    step: [usize; 2],
    dilation: [usize; 2],
    pad: [isize; 2],
}

/// The results of a task.
#[derive(Clone, Copy)]
struct Tile {
    image: usize,
    /// First row and column.
    first: [usize; 2],
    size: [usize; 2],
    channel: usize,
    /// Channels that there are, at most `LANES`.
    lanes: usize,
}

impl Sweep<'_> {
    fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Elements of the image under `count` results along an axis.
    fn under(&self, axis: usize, count: usize) -> usize {
        (count - 1) * self.step[axis] + (self.kernel[axis].max(1) - 1) * self.dilation[axis] + 1
    }

    /// Most rows and columns of a tile.
    fn tile_size(&self) -> [usize; 2] {
        let wide = self.grid[1].min(WIDE);
        let rows = COPIED / (self.source.parts * self.under(1, wide));
        let span = self.under(0, 1);
        let high = rows.saturating_sub(span) / self.step[0] + 1;
        [high.min(self.grid[0]), wide]
    }

    fn tiles(&self) -> Tiles {
        let size = self.tile_size();
        Tiles {
            size,
            count: [0, 1].map(|axis| self.grid[axis].div_ceil(size[axis])),
        }
    }

    /// Runs `work` with each tile and its place among those of its channels.
    fn each_tile(&self, work: impl Fn(usize, Tile) + Sync + Send) {
        let blocks = self.channels.div_ceil(LANES);
        let tiles = self.tiles();
        let [high, wide] = tiles.size;
        let cost = high * wide * LANES * self.taps() * self.source.parts;
        split::each(self.batch * tiles.each() * blocks, cost, |index| {
            let (place, block) = (index / blocks, index % blocks);
            let (image, inner) = (place / tiles.each(), place % tiles.each());
            let first = [inner / tiles.count[1] * high, inner % tiles.count[1] * wide];
            let channel = block * LANES;
            let tile = Tile {
                image,
                first,
                size: [0, 1].map(|axis| tiles.size[axis].min(self.grid[axis] - first[axis])),
                channel,
                lanes: LANES.min(self.channels - channel),
            };
            work(place, tile);
        });
    }
}

struct Tiles {
    size: [usize; 2],
    count: [usize; 2],
}

impl Tiles {
    /// Tiles of an image, in one block of channels.
    fn each(&self) -> usize {
        self.count[0] * self.count[1]
    }
}

/// The channels of an image that the lanes of a tile see in part 0, one part after the other behind them.
fn channels_of(source: &Source<'_>, tile: &Tile) -> [usize; LANES] {
    std::array::from_fn(|lane| (tile.channel + lane) / source.shared * source.parts)
}

/// The elements of a pixel in those channels; 0 in lanes beyond the channels.
#[inline(always)]
fn lanes_of(
    source: &Source<'_>,
    pixel: usize,
    channels: &[usize; LANES],
    part: usize,
    tile: &Tile,
) -> Lanes {
    let mut lanes = [0.0; LANES];
    let image = &source.image[pixel * source.channels..][..source.channels];
    if source.parts == 1 && source.shared == 1 {
        match image[tile.channel..].first_chunk::<LANES>() {
            Some(whole) => lanes = *whole,
            None => lanes[..tile.lanes].copy_from_slice(&image[tile.channel..][..tile.lanes]),
        }
    } else {
        for (value, &channel) in lanes.iter_mut().zip(channels).take(tile.lanes) {
            *value = image[channel + part];
        }
    }
    Line(lanes)
}

/// Appends what a tile sees to `copied`: (parts, rows, columns).
#[inline(always)]
fn copy_under(sweep: &Sweep<'_>, tile: &Tile, copied: &mut Vec<Lanes>) {
    let source = &sweep.source;
    let channels = channels_of(source, tile);
    let [rows, columns] = [0, 1].map(|axis| sweep.under(axis, tile.size[axis]));
    let [top, left] =
        [0, 1].map(|axis| (tile.first[axis] * sweep.step[axis]) as isize - sweep.pad[axis]);
    // The element of the image at a place of the spread one.
    let element = |axis: usize, at: isize| {
        let at = usize::try_from(at).ok()?;
        let spread = source.spread[axis];
        (at.is_multiple_of(spread) && at / spread < source.size[axis]).then_some(at / spread)
    };
    for part in 0..source.parts {
        for row in 0..rows {
            let Some(line) = element(0, top + row as isize) else {
                copied.resize(copied.len() + columns, ZERO);
                continue;
            };
            let line = (tile.image * source.size[0] + line) * source.size[1];
            copied.extend(
                (0..columns).map(|column| match element(1, left + column as isize) {
                    Some(at) => lanes_of(source, line + at, &channels, part, tile),
                    None => ZERO,
                }),
            );
        }
    }
}

/// The results of a tile, in rows.
fn sweep_tile(sweep: &Sweep<'_>, tile: &Tile, weights: &[Lanes], out: &mut [Lanes]) {
    let mut copied: Vec<Lanes> = Vec::with_capacity(COPIED);
    copy_under(sweep, tile, &mut copied);
    let [rows, columns] = [0, 1].map(|axis| sweep.under(axis, tile.size[axis]));
    let walk = Walk {
        parts: sweep.source.parts,
        part_step: rows * columns,
        lines: sweep.kernel[0],
        line_step: sweep.dilation[0] * columns,
        taps: sweep.kernel[1],
        tap_step: sweep.dilation[1],
        step: sweep.step[1],
    };
    for (y, row) in out.chunks_exact_mut(tile.size[1]).enumerate() {
        for (x, some) in row.chunks_mut(TILE).enumerate() {
            let first = y * sweep.step[0] * columns + x * TILE * sweep.step[1];
            chains::sum(&walk, &copied[first..], weights, some);
        }
    }
}

/// The filter in blocks of channels, (blocks, parts, taps), where `place` says which element belongs to a tap, a part and a channel.
fn weights_of(
    sweep: &Sweep<'_>,
    filter: &[f32],
    place: impl Fn(usize, usize, usize) -> usize,
) -> Vec<Lanes> {
    let (parts, taps) = (sweep.source.parts, sweep.taps());
    let mut weights = Vec::with_capacity(sweep.channels.div_ceil(LANES) * parts * taps);
    for channel in (0..sweep.channels).step_by(LANES) {
        for (part, tap) in (0..parts).flat_map(|part| (0..taps).map(move |tap| (part, tap))) {
            weights.push(Line(std::array::from_fn(|lane| {
                let channel = channel + lane;
                if channel < sweep.channels {
                    filter[place(tap, part, channel)]
                } else {
                    0.0
                }
            })));
        }
    }
    weights
}

fn sweep(sweep: &Sweep<'_>, weights: &[Lanes], out: &mut [f32]) {
    let each = sweep.source.parts * sweep.taps();
    let shared = Shared(out.as_mut_ptr());
    sweep.each_tile(|_, tile| {
        let mut results = vec![ZERO; tile.size[0] * tile.size[1]];
        let weights = &weights[tile.channel / LANES * each..][..each];
        sweep_tile(sweep, &tile, weights, &mut results);
        for (i, row) in results.chunks_exact(tile.size[1]).enumerate() {
            let line = (tile.image * sweep.grid[0] + tile.first[0] + i) * sweep.grid[1];
            for (j, lanes) in row.iter().enumerate() {
                let at = (line + tile.first[1] + j) * sweep.channels + tile.channel;
                // SAFETY: tiles are inside the result and have no element in common.
                unsafe {
                    shared
                        .at(at)
                        .copy_from_nonoverlapping(lanes.0.as_ptr(), tile.lanes);
                }
            }
        }
    });
}

/// The windows of a convolution, with the image's channels for each of the result's.
fn windows<'a>(shape: &Convolution, x: &'a [f32]) -> Sweep<'a> {
    let window = &shape.window;
    Sweep {
        source: Source {
            image: x,
            size: window.image,
            channels: shape.inputs,
            spread: [1, 1],
            parts: shape.group_inputs(),
            shared: shape.group_outputs(),
        },
        batch: window.batch,
        grid: window.grid,
        channels: shape.outputs,
        kernel: window.kernel,
        step: window.stride,
        dilation: window.dilation,
        pad: window.pad.map(|pad| pad as isize),
    }
}

pub fn forward(shape: &Convolution, x: &[f32], filter: &[f32], y: &mut [f32]) {
    if y.is_empty() {
        return;
    }
    let windows = windows(shape, x);
    let inputs = shape.group_inputs();
    let place = |tap, part, channel| (tap * inputs + part) * shape.outputs + channel;
    sweep(&windows, &weights_of(&windows, filter, place), y);
}

/// A convolution of dy, with zeros between its elements where the windows are a stride apart, by the turned filter.
pub fn input_gradient(shape: &Convolution, dy: &[f32], filter: &[f32], dx: &mut [f32]) {
    let window = &shape.window;
    if dx.is_empty() {
        return;
    }
    let span = window.span();
    let turned = Sweep {
        source: Source {
            image: dy,
            size: window.grid,
            channels: shape.outputs,
            spread: window.stride,
            parts: shape.group_outputs(),
            shared: shape.group_inputs(),
        },
        batch: window.batch,
        grid: window.image,
        channels: shape.inputs,
        kernel: window.kernel,
        step: [1, 1],
        dilation: window.dilation,
        pad: [0, 1].map(|axis| span[axis] as isize - 1 - window.pad[axis] as isize),
    };
    let (inputs, outputs) = (shape.group_inputs(), shape.group_outputs());
    let last = window.taps().saturating_sub(1);
    let place = |tap, part, channel| {
        let output = channel / inputs * outputs + part;
        ((last - tap) * inputs + channel % inputs) * shape.outputs + output
    };
    sweep(&turned, &weights_of(&turned, filter, place), dx);
}

/// The sums of a tile for each part and tap.
fn tile_taps(sweep: &Sweep<'_>, tile: &Tile, dy: &[f32], out: &mut [Lanes]) {
    let mut copied: Vec<Lanes> = Vec::with_capacity(COPIED);
    copy_under(sweep, tile, &mut copied);
    let [rows, columns] = [0, 1].map(|axis| sweep.under(axis, tile.size[axis]));
    let slopes = Source {
        image: dy,
        size: sweep.grid,
        channels: sweep.channels,
        spread: [1, 1],
        parts: 1,
        shared: 1,
    };
    let channels = channels_of(&slopes, tile);
    let mut own: Vec<Lanes> = Vec::with_capacity(tile.size[0] * tile.size[1]);
    for row in tile.first[0]..tile.first[0] + tile.size[0] {
        let line = (tile.image * sweep.grid[0] + row) * sweep.grid[1] + tile.first[1];
        let pixels = line..line + tile.size[1];
        own.extend(pixels.map(|pixel| lanes_of(&slopes, pixel, &channels, 0, tile)));
    }
    let walk = Walk {
        parts: 1,
        part_step: 0,
        lines: tile.size[0],
        line_step: sweep.step[0] * columns,
        taps: tile.size[1],
        tap_step: sweep.step[1],
        step: sweep.dilation[1],
    };
    // Rows of taps of one part after the other.
    for (index, row) in out.chunks_exact_mut(sweep.kernel[1]).enumerate() {
        let (part, i) = (index / sweep.kernel[0], index % sweep.kernel[0]);
        for (j, some) in row.chunks_mut(TILE).enumerate() {
            let line = part * rows + i * sweep.dilation[0];
            let first = line * columns + j * TILE * sweep.dilation[1];
            chains::sum(&walk, &copied[first..], &own, some);
        }
    }
}

pub fn filter_gradient(shape: &Convolution, x: &[f32], dy: &[f32], filter: &mut [f32]) {
    if dy.is_empty() || x.is_empty() {
        return filter.fill(0.0);
    }
    let sweep = windows(shape, x);
    let (taps, parts) = (sweep.taps(), sweep.source.parts);
    let places = sweep.batch * sweep.tiles().each();
    // The sums of the tiles, which are added up in their order.
    let mut partial = vec![0.0f32; places * filter.len()];
    let shared = Shared(partial.as_mut_ptr());
    sweep.each_tile(|place, tile| {
        let mut sums = vec![ZERO; parts * taps];
        tile_taps(&sweep, &tile, dy, &mut sums);
        for (index, lanes) in sums.iter().enumerate() {
            let (part, tap) = (index / taps, index % taps);
            let at = ((place * taps + tap) * parts + part) * sweep.channels + tile.channel;
            // SAFETY: each place has its own sums, and each block of channels its own columns of them.
            unsafe {
                shared
                    .at(at)
                    .copy_from_nonoverlapping(lanes.0.as_ptr(), tile.lanes);
            }
        }
    });
    reduction::reduce(Reduction::Sum, &partial, (1, places, filter.len()), filter);
}
