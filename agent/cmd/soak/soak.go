// Package soak proves that no alert is lost: the real agent raises thousands of them while
// it is killed again and again, and while every receiver it delivers to misbehaves. What
// was ever durable must then be at each of them, whole, in an unbroken chain, and what came
// twice must be known as a repeat. It is a test that takes minutes, run by make soak; with
// make soak-control it is run on an agent that was broken on purpose, and has to notice.
package soak
