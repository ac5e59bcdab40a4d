// @klamm/cluster
