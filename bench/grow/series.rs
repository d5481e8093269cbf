//! What is made to grow, and in which steps.

use clap::ValueEnum;

/// One thing that grows while all else stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Series {
    /// Links in the table, 1,000 to 10 million
    Links,
    /// Connections, 1 to 10,000
    Connections,
    /// Size of a request, about 50 bytes to 4 KB
    Headers,
    /// Requests in each write, 1 to 64
    Pipeline,
    /// CPUs served on, 1 and 2
    Shards,
}

/// One step: everything that a measurement depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub links: usize,
    pub connections: usize,
    /// On top of the smallest request.
    pub cookie_bytes: usize,
    pub pipeline: usize,
    pub shards: usize,
}

impl Series {
    pub const ALL: [Self; 5] =
        [Self::Links, Self::Connections, Self::Headers, Self::Pipeline, Self::Shards];

    pub fn name(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Connections => "connections",
            Self::Headers => "headers",
            Self::Pipeline => "pipeline",
            Self::Shards => "shards",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Links => "links in the table",
            Self::Connections => "connections",
            Self::Headers => "bytes of a request",
            Self::Pipeline => "requests in each write",
            Self::Shards => "shards",
        }
    }

    /// Its steps, with at most `links_max` links and one shard for each of `cpus`.
    pub fn points(self, links_max: usize, cpus: usize) -> Vec<Point> {
        let base = Point {
            links: links_max.min(1_000_000),
            connections: 64,
            cookie_bytes: COOKIE_BYTES,
            pipeline: 1,
            shards: 1,
        };
        let steps = |steps: &[usize], change: fn(&mut Point, usize)| {
            let point = |step: &usize| {
                let mut point = base;
                change(&mut point, *step);
                point
            };
            steps.iter().map(point).collect::<Vec<_>>()
        };
        let mut points = match self {
            Self::Links => {
                steps(&[1_000, 10_000, 100_000, 1_000_000, 10_000_000], |point, step| {
                    point.links = step;
                })
            }
            Self::Connections => steps(&[1, 10, 100, 1_000, 10_000], |point, step| {
                point.connections = step;
            }),
            Self::Headers => steps(&[0, 100, 300, 600, 1_200, 4_000], |point, step| {
                point.cookie_bytes = step;
            }),
            Self::Pipeline => steps(&[1, 4, 16, 64], |point, step| point.pipeline = step),
            Self::Shards => steps(&[1, 2], |point, step| point.shards = step),
        };
        points.retain(|point| point.links <= links_max && point.shards <= cpus);
        points
    }

    /// How a step of it is called.
    pub fn label(self, point: &Point, request_bytes: usize) -> String {
        let number = match self {
            Self::Links => point.links,
            Self::Connections => point.connections,
            Self::Headers => request_bytes,
            Self::Pipeline => point.pipeline,
            Self::Shards => point.shards,
        };
        let digits = number.to_string();
        let groups: Vec<_> =
            digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
        groups.join(",")
    }
}

/// Makes requests about as large as Chrome's.
const COOKIE_BYTES: usize = 570;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stay_within_what_there_is() {
        let links = |max| Series::Links.points(max, 2).iter().map(|point| point.links).max();
        assert_eq!(links(10_000_000), Some(10_000_000));
        assert_eq!(links(100_000), Some(100_000));
        assert_eq!(Series::Pipeline.points(100_000, 2)[0].links, 100_000);
        assert_eq!(Series::Shards.points(1_000, 1).len(), 1);
    }

    #[test]
    fn numbers_are_grouped() {
        let point = Series::Links.points(1_000_000, 1)[3];
        assert_eq!(Series::Links.label(&point, 0), "1,000,000");
        assert_eq!(Series::Headers.label(&point, 51), "51");
    }
}
