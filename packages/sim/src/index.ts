// @klamm/sim
