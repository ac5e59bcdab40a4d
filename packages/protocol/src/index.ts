// @klamm/protocol
