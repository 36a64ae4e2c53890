/** How weights are learned: the loop, checkpoints, schedules, optimisers and objectives. */
export {};
