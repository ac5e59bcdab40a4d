// @klamm/raft
