package alertlog

import (
	"context"
	"slices"

	"hooksnare/pkg/alert"
	"hooksnare/pkg/chain"
)

// Verdict is whether documents are missing or were changed.
type Verdict struct {
	chain.Verdict
	Unchained int // documents without a place in a chain
}

// OK reports whether the logs hold whole chains and nothing else.
func (v *Verdict) OK() bool { return v.Verdict.OK() && v.Unchained == 0 }

// Verify checks the chains of all documents, alerts and heartbeats: no number is missing
// between the first and the last, and each document has the hash of the one before.
func (l *Log) Verify(ctx context.Context) (*Verdict, error) {
	var verifier chain.Verifier
	out := &Verdict{}
	for _, files := range l.logs {
		for _, f := range slices.Backward(files) {
			err := f.eachDocument(ctx, "", func(l *line, _ *alert.Head) error {
				if link, ok := chain.Find(l.text); ok {
					verifier.Add(link, l.text)
				} else {
					out.Unchained++
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	out.Verdict = verifier.Verdict()
	return out, nil
}
