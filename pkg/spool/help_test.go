package spool

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"hooksnare/pkg/chain"
)

// testDocument is what tests put into the spool.
type testDocument struct {
	ID string `json:"id"`
	chain.Link
}

func parse(t testing.TB, b []byte) testDocument {
	t.Helper()
	var d testDocument
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatalf("document %.100q: %v", b, err)
	}
	var ok bool
	if d.Link, ok = chain.Find(b); !ok {
		t.Fatalf("document %.100q: no place", b)
	}
	return d
}

var when = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// entry is an alert of so many further bytes.
func entry(id string, sev, pad int) Entry {
	doc := fmt.Appendf(nil, `{"id":%q,"event":{"id":"%032x","sequence":2},"hooksnare":{"pad":%q}}`, id, id, strings.Repeat("x", pad))
	return Entry{Severity: sev, Time: when, Document: doc}
}

func hashOf(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// eventID is the event.id of a document of a test.
func eventID(id string) string { return fmt.Sprintf("%032x", id) }

// number is how much of something a test does; with TEST_SLOW=1 it does much of it.
func number(short, slow int) int {
	if os.Getenv("TEST_SLOW") == "1" {
		return slow
	}
	return short
}

// eventLog gathers what a spool reports.
type eventLog struct {
	s   *Spool
	all []Event
}

func (l *eventLog) of(k Kind) (found []Event) {
	l.all = append(l.all, l.s.Events()...)
	for _, e := range l.all {
		if e.Kind == k {
			found = append(found, e)
		}
	}
	return found
}

func (l *eventLog) String() string {
	l.of(0)
	var b strings.Builder
	for _, e := range l.all {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

func open(t testing.TB, o Options) (*Spool, *eventLog) {
	t.Helper()
	if len(o.Outputs) == 0 {
		o.Outputs = []Output{{Name: "a"}}
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, &eventLog{s: s}
}

func closeSpool(t testing.TB, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

func put(t testing.TB, s *Spool, entries ...Entry) {
	t.Helper()
	if err := s.Put(entries...); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func putN(t testing.TB, s *Spool, n int) {
	t.Helper()
	for i := range n {
		put(t, s, entry(fmt.Sprint("id", i), 47, 10))
	}
}

// waiting returns what Next gives at once, without acknowledging it.
func waiting(t testing.TB, q *Queue, maxItems int) []Item {
	t.Helper()
	if q.Stats().Depth == 0 {
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	time.AfterFunc(30*time.Second, cancel) // a queue that only looked full
	items, err := q.Next(ctx, maxItems, 1<<30)
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatalf("Next: %v", err)
	}
	return items
}

// drain acknowledges all that waits, and returns it.
func drain(t testing.TB, q *Queue) (all []Item) {
	t.Helper()
	for q.Stats().Depth > 0 {
		// What is damaged leaves the queue without being returned.
		picked, _, err := q.pickWaiting(7, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		items, err := q.readPicked(picked)
		if err != nil {
			t.Fatalf("Next: %v", err)
		}
		all = append(all, items...)
		if err := q.Ack(items); err != nil {
			t.Fatalf("Ack: %v", err)
		}
	}
	return all
}

func ids(t testing.TB, items []Item) []string {
	t.Helper()
	var out []string
	for _, it := range items {
		out = append(out, parse(t, it.Document).ID)
	}
	return out
}

// verify checks the chain of documents, given in any order.
func verify(t testing.TB, docs ...[]byte) chain.Verdict {
	t.Helper()
	var v chain.Verifier
	for _, b := range docs {
		d := parse(t, b)
		v.Add(d.Link, b)
	}
	return v.Verdict()
}

func docs(items []Item) (all [][]byte) {
	for _, it := range items {
		all = append(all, it.Document)
	}
	return all
}
