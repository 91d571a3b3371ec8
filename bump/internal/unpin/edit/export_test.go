package edit

// LaysTrail is the function that lays a trail.
const LaysTrail = laysTrail
