package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/spool"
)

// ChainVerdict is what a look at the chain of a log found.
type ChainVerdict struct {
	spool.Verdict
	Unchained int // documents without a place in a chain
}

// OK reports whether the log holds a chain without a gap, and nothing else.
func (v *ChainVerdict) OK() bool { return v.Verdict.OK() && v.Unchained == 0 }

// Verify checks the chain of all the logs' documents, alerts and heartbeats: that no number is
// missing between the first and the last, and that each document is the one that the next
// was made after.
func (l *AlertLog) Verify(ctx context.Context) (*ChainVerdict, error) {
	var v spool.Verifier
	out := &ChainVerdict{}
	for _, chain := range l.chains {
		for _, f := range slices.Backward(chain) {
			if err := f.verify(ctx, &v, out); err != nil {
				return nil, err
			}
		}
	}
	out.Verdict = v.Verdict()
	return out, nil
}

func (f *alertFile) verify(ctx context.Context, v *spool.Verifier, out *ChainVerdict) error {
	one := func(l logLine) error {
		if _, err := l.glance(); err != nil {
			f.damaged(l.at, err)
			return nil
		}
		d, ok := deliveryOf(l.text)
		if !ok {
			out.Unchained++
			return nil
		}
		v.Add(d.Chain, d.Sequence, d.Previous, l.text)
		return nil
	}
	r := forwards{r: f.f}
	at, rest, err := r.read(ctx, 0, f.size, one)
	if err == nil && len(rest) > 0 {
		err = one(logLine{text: rest, at: at})
	}
	return err
}

var deliveryMember = []byte(`,"delivery":`)

// deliveryOf returns a document's place in the chain. It is what the agent wrote last: text
// from outside is before it.
func deliveryOf(line []byte) (alert.Delivery, bool) {
	var d alert.Delivery
	i := bytes.LastIndex(line, deliveryMember)
	member, ok := bytes.CutSuffix(line, []byte("}}"))
	if i < 0 || !ok || i+len(deliveryMember) > len(member) {
		return d, false
	}
	in := json.NewDecoder(bytes.NewReader(member[i+len(deliveryMember):]))
	in.DisallowUnknownFields()
	if in.Decode(&d) != nil || in.More() {
		return alert.Delivery{}, false
	}
	return d, true
}
