package soak

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"hooksnare/pkg/chain"
)

// stamp is a document's place in the chain.
type stamp struct {
	chain  string
	number uint64
}

// document is what this test wants to know of an alert or heartbeat.
type document struct {
	stamp
	previous string
	key      string // by which a receiver knows a repeat: event.id and event.sequence
	value    int    // of the hook that was set, 0 for another document
	action   string
	body     []byte
}

// marker begins the values of the hooks that are set; a number follows.
const marker = "/private/tmp/soak/"

func parse(body []byte) (*document, error) {
	var of struct {
		Event struct {
			ID       string `json:"id"`
			Sequence int    `json:"sequence"`
			Action   string `json:"action"`
		} `json:"event"`
		Hooksnare struct {
			Delivery chain.Link `json:"delivery"`
			Hook     struct {
				Value string `json:"value"`
			} `json:"hook"`
		} `json:"hooksnare"`
	}
	if err := json.Unmarshal(body, &of); err != nil {
		return nil, fmt.Errorf("document %.200q: %w", body, err)
	}
	at := of.Hooksnare.Delivery
	if of.Event.ID == "" || at.Chain == "" || at.Sequence == 0 {
		return nil, fmt.Errorf("document %.200q: has no id, or no place in the chain", body)
	}
	d := &document{
		stamp: stamp{at.Chain, at.Sequence}, previous: at.Previous, body: body, action: of.Event.Action,
		key: of.Event.ID + " " + strconv.Itoa(of.Event.Sequence),
	}
	if number, ours := strings.CutPrefix(of.Hooksnare.Hook.Value, marker); ours && of.Event.Sequence == 1 {
		d.value, _ = strconv.Atoi(number)
	}
	return d, nil
}

// ledger is everything that was ever seen durable, anywhere.
type ledger struct {
	at     map[stamp]*document
	values map[int]stamp
}

var errTwice = errors.New("durable twice with different content")

// add enters a document. The same one may come any number of times.
func (l *ledger) add(d *document) error {
	if l.at == nil {
		l.at, l.values = map[stamp]*document{}, map[int]stamp{}
	}
	if known := l.at[d.stamp]; known != nil {
		if !bytes.Equal(known.body, d.body) {
			return fmt.Errorf("number %d of chain %s: %w: %.300s and %.300s", d.number, d.chain, errTwice, known.body, d.body)
		}
		return nil
	}
	l.at[d.stamp] = d
	if d.value == 0 {
		return nil
	}
	if other, known := l.values[d.value]; known {
		return fmt.Errorf("value %d: raised as number %d and as number %d", d.value, other.number, d.number)
	}
	l.values[d.value] = d.stamp
	return nil
}

// next returns the first value that is not durable. The agent makes alerts durable in the
// order in which it raises them.
func (l *ledger) next() int { return len(l.values) + 1 }

// heads returns the last number of each chain.
func (l *ledger) heads() map[string]uint64 {
	out := map[string]uint64{}
	for s := range l.at {
		out[s.chain] = max(out[s.chain], s.number)
	}
	return out
}
