package delivery

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"hooksnare/agent/config"
	"hooksnare/pkg/forward"
)

// TestCloseDuringExchange ends an agent while its outputs are exchanged and one of them hangs: what was
// added meanwhile is there at the next start.
func TestCloseDuringExchange(t *testing.T) {
	dir := t.TempDir()
	var want []string
	synctest.Test(t, func(t *testing.T) {
		hanging := &fakePlace{hangs: make(chan struct{})}
		all, _ := opened(t, dir, hanging)
		want = send(t, all, some(3, 73, 0)...)
		passes(all, 2*time.Second)
		all.opts.senders = func(*config.Config, *config.Output) (forward.Sender, error) {
			return &fakePlace{hangs: hanging.hangs}, nil
		}
		c := config.Config{StateDir: dir, SpoolMaxAlerts: 77, Outputs: all.opts.Config.Outputs}
		configured := make(chan error, 1)
		go func() { configured <- all.Configure(c) }()
		time.Sleep(100 * time.Millisecond)
		want = append(want, send(t, all, some(2, 73, 3)...)...)
		all.Check(time.Now()) // as the agent does, which does not wait for the exchange
		closes(t, all, "an output did not end in time: what it did not acknowledge waits for the next start")
		if err := <-configured; err != nil {
			t.Errorf("Configure: got %v, want no error", err)
		}
		if err := all.Configure(config.Config{StateDir: dir}); err == nil {
			t.Error("Configure of outputs that have ended: got no error")
		}
		close(hanging.hangs)
	})
	synctest.Test(t, func(t *testing.T) {
		a := &fakePlace{}
		all, _ := opened(t, dir, a)
		passes(all, time.Minute)
		closes(t, all, "<nil>")
		if got := a.messages(); !slices.Equal(got, want) {
			t.Errorf("after the next start: got %q, want %q", got, want)
		}
	})
}

// TestExchangeIsShort exchanges an output that hangs: that looks like no disk that does not answer.
func TestExchangeIsShort(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		hanging := &fakePlace{hangs: make(chan struct{})}
		all, _ := opened(t, dir, hanging)
		send(t, all, some(1, 73, 0)...)
		passes(all, 2*time.Second)
		all.opts.senders = func(*config.Config, *config.Output) (forward.Sender, error) { return &fakePlace{}, nil }
		began := time.Now()
		if err := all.Configure(config.Config{StateDir: dir, SpoolMaxAlerts: 77, Outputs: all.opts.Config.Outputs}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("Configure: took %v, want well below two seconds, which the agent waits", took)
		}
		close(hanging.hangs)
		passes(all, 2*time.Second)
		closes(t, all, "<nil>")
	})
}
