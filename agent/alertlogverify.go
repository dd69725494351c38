package agent

import (
	"context"
	"slices"

	"hooksnare/pkg/chain"
)

// ChainVerdict is what a look at the chain of a log found.
type ChainVerdict struct {
	chain.Verdict
	Unchained int // documents without a place in a chain
}

// OK reports whether the log holds a chain without a gap, and nothing else.
func (v *ChainVerdict) OK() bool { return v.Verdict.OK() && v.Unchained == 0 }

// Verify checks the chain of all the logs' documents, alerts and heartbeats: that no number is
// missing between the first and the last, and that each document is the one that the next
// was made after.
func (l *AlertLog) Verify(ctx context.Context) (*ChainVerdict, error) {
	var v chain.Verifier
	out := &ChainVerdict{}
	for _, files := range l.chains {
		for _, f := range slices.Backward(files) {
			if err := f.verify(ctx, &v, out); err != nil {
				return nil, err
			}
		}
	}
	out.Verdict = v.Verdict()
	return out, nil
}

func (f *alertFile) verify(ctx context.Context, v *chain.Verifier, out *ChainVerdict) error {
	one := func(l logLine) error {
		if _, err := l.glance(); err != nil {
			f.damaged(l.at, err)
			return nil
		}
		link, ok := chain.Find(l.text)
		if !ok {
			out.Unchained++
			return nil
		}
		v.Add(link, l.text)
		return nil
	}
	r := forwards{r: f.f}
	at, rest, err := r.read(ctx, 0, f.size, one)
	if err == nil && len(rest) > 0 {
		err = one(logLine{text: rest, at: at})
	}
	return err
}
