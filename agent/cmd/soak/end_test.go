package soak

import "testing"

// TestEndRightAfterStart asks the agent to end as soon as it can be asked, as the soak does when
// nothing is left to deliver.
func TestEndRightAfterStart(t *testing.T) {
	v := newVictim(t, build(t, "hooksnare", nil), build(t, "standin", nil))
	p := newLog(t, v.root)
	v.configure(nil, []*place{p})
	for range 5 {
		v.play(1, 1, 0)
		v.start()
		v.end()
	}
}
