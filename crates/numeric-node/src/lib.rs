//! Node bridge of the numeric core: conversion only, no defaults, no validation.
#![allow(missing_docs)]

mod call;
mod checkpoint;
mod kernels;
mod linalg;
mod merge;
mod projection;
mod random;
mod spectrum;
mod threads;
