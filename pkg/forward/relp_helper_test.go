package forward

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	ecs "hooksnare/pkg/alert"
	"hooksnare/pkg/forward/receivers"
)

// forgedFrames is text that could be taken for something of syslog or RELP, beside hostile.
var forgedFrames = []string{
	"<34>1 2026-01-01T00:00:00Z other app 1 - - forged", "\n12 <34>1 - - - -", "\n1 rsp 6 200 OK\n", "0 serverclose 0\n",
	`"] [forged@1 a="b"`, `\"\]\\`, "\x7f\u0080\u009f", "%msg% $(format-json) ${MSG} %s%n", "\ufeff",
}

// sentDocument is the i-th alert, hostile in every text that an alert has, as the agent
// writes it.
func sentDocument(t testing.TB, i, pad int) []byte {
	t.Helper()
	texts := append(append([]string(nil), hostile...), forgedFrames...)
	a := &ecs.Alert{}
	next := i
	fill(reflect.ValueOf(a).Elem(), 0, func() string { next++; return texts[next%len(texts)] })
	a.Message = fmt.Sprintf("%s %d %s", texts[i%len(texts)], i, strings.Repeat("é", pad/2))
	b, err := a.Line()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fill sets every text below v.
func fill(v reflect.Value, depth int, text func() string) {
	const deepest = 3 // a process has a parent, which is one
	switch v.Kind() {
	case reflect.Pointer:
		if depth < deepest && v.Type() != reflect.TypeFor[*ecs.Time]() {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth+1, text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), depth+1, text)
			}
		}
	case reflect.Slice:
		if depth < deepest {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), depth+1, text)
			fill(v.Index(1), depth+1, text)
		}
	case reflect.String:
		v.SetString(text())
	}
}

// documents are made once: all tests send the same.
var documents struct {
	sync.Mutex
	made [][]byte
}

// sentItems returns n alerts to send to real receivers; a few are as long as alerts get.
func sentItems(t testing.TB, n int) []Item {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	documents.Lock()
	defer documents.Unlock()
	items := make([]Item, n)
	for i := range items {
		if i == len(documents.made) {
			pad := 0
			if i%200 == 7 {
				pad = 200 << 10
			}
			documents.made = append(documents.made, sentDocument(t, i, pad))
		}
		items[i] = Item{
			Sequence: uint64(i + 1), ID: fmt.Sprintf("%04d%s", i, hostile[i%len(hostile)]), Update: 1 + i%2, Severity: []int{21, 47, 73, 99}[i%4],
			Time: at.Add(time.Duration(i) * time.Second), Document: documents.made[i],
		}
	}
	return items
}

// streamConfig is the configuration of a receiver with certificates on both sides.
func streamConfig(kind, address string, p *receivers.PKI) Config {
	c := config(kind, "", p)
	c.Address, c.Host = address, "mac-1"
	c.CertificateFile, c.KeyFile = p.Client.CertificateFile, p.Client.KeyFile
	return c
}

// drain sends until everything is delivered, in batches as a Runner makes them, and calls
// before ahead of each Send. It returns how many Sends did not deliver everything.
func drain(t testing.TB, s Sender, items []Item, batch int, before func(try int)) int {
	t.Helper()
	failed := 0
	for try := 0; len(items) > 0; try++ {
		if try > 1000 {
			t.Fatalf("%d items are left after %d tries", len(items), try)
		}
		if before != nil {
			before(try)
		}
		now := items[:min(batch, len(items))]
		r := send(t, s, now)
		if len(r.Outcomes) != len(now) {
			t.Fatalf("got %d outcomes of %d items", len(r.Outcomes), len(now))
		}
		if r.Err != nil {
			failed++
			t.Logf("try %d: %v", try, r.Err)
		}
		var left []Item
		for i, o := range r.Outcomes {
			if o == Refused {
				t.Fatalf("item %d refused: %v", now[i].Sequence, r.Err)
			}
			if o == Retry {
				if r.Err == nil {
					t.Fatalf("item %d is not delivered, without an error", now[i].Sequence)
				}
				left = append(left, now[i])
			}
		}
		items = append(left, items[len(now):]...)
	}
	return failed
}

// arrived checks that the messages are the items: every one, in order, as it was sent. A
// message may come again only where repeats are allowed, and by its eventId and
// eventSequence is known as a repeat. It returns how many repeats there were.
func arrived(t testing.TB, got []receivers.Message, items []Item, repeats bool) int {
	t.Helper()
	format := newMessageFormat("mac-1")
	byRaw := map[string]int{}
	for i := range items {
		byRaw[string(format.appendMessage(nil, &items[i]))] = i
	}
	seen, again := make([]bool, len(items)), 0
	next := 0
	for n := range got {
		m := &got[n]
		i, ok := byRaw[m.Raw]
		if !ok {
			t.Fatalf("message %d is none that was sent: %.500q", n, m.Raw)
		}
		understood(t, m, &items[i])
		switch {
		case seen[i]:
			again++
		case i != next:
			t.Errorf("got item %d, want %d: order", i, next)
			next = i + 1
		default:
			next++
		}
		seen[i] = true
	}
	for i, ok := range seen {
		if !ok {
			t.Errorf("item %d did not arrive", i)
		}
	}
	if again > 0 && !repeats {
		t.Errorf("%d messages came twice", again)
	}
	return again
}

// understood checks what the receiver made of a message.
func understood(t testing.TB, m *receivers.Message, item *Item) {
	t.Helper()
	if m.Text != string(item.Document) {
		t.Errorf("item %d: got the text %.300q, want %.300q", item.Sequence, m.Text, item.Document)
	}
	if want := fmt.Sprint(80 + levelOf(item.Severity).syslog); m.Priority != want {
		t.Errorf("item %d: got priority %s, want %s", item.Sequence, m.Priority, want)
	}
	if at, err := time.Parse(time.RFC3339Nano, m.Time); err != nil || !at.Equal(item.Time) {
		t.Errorf("item %d: got time %s (%v), want %v", item.Sequence, m.Time, err, item.Time)
	}
	if m.Host != "mac-1" || m.Program != "hooksnare" || m.ID == "" || strings.ContainsAny(m.ID, " \x00\n") {
		t.Errorf("item %d: got host %q, program %q, msgid %q", item.Sequence, m.Host, m.Program, m.ID)
	}
	for _, want := range []string{"[hooksnare@32473 ", fmt.Sprintf(` eventSequence="%d"`, item.Update), fmt.Sprintf(` sequence="%d"`, item.Sequence), ` eventId="` + item.ID[:4]} {
		if !strings.Contains(m.Structured, want) {
			// syslog-ng writes the parameters in another order.
			if !strings.Contains(strings.ReplaceAll(m.Structured, "[hooksnare@32473", "[hooksnare@32473 "), want) {
				t.Errorf("item %d: got structured data %.300q, want %q in it", item.Sequence, m.Structured, want)
			}
		}
	}
}

// sendBehind sends in the background until everything is delivered, while the test does
// something to the receiver.
func sendBehind(ctx context.Context, s Sender, items []Item) <-chan int {
	done := make(chan int, 1)
	go func() {
		failed := 0
		for len(items) > 0 && ctx.Err() == nil {
			r := s.Send(ctx, items[:min(100, len(items))])
			n := len(r.Outcomes)
			var left []Item
			for i, o := range r.Outcomes {
				if o != Delivered {
					left = append(left, items[i])
				}
			}
			items = append(left, items[n:]...)
			if r.Err != nil {
				failed++
				select {
				case <-ctx.Done():
				case <-time.After(20 * time.Millisecond):
				}
			}
		}
		done <- failed
	}()
	return done
}
