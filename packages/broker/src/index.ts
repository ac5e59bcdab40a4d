// @klamm/broker
