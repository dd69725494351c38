package delivery

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
)

// ErrBusy is the error of a Configure that is worth another try: while the disk takes no alerts, those
// that are in memory alone would be lost with the spool that holds them.
var ErrBusy = errors.New("the outputs can't be exchanged while the disk takes no alerts")

// exchangeTime is how long the outputs before may take to end what they are doing. What they do not
// finish is delivered again. An agent that waits for more than two seconds takes its disk for hanging.
const exchangeTime = time.Second

// pastDeliveries is what an output did before an exchange.
type pastDeliveries struct {
	delivered, refused, lost uint64
	last                     time.Time
}

func (o *Outputs) pastOf(name string) pastDeliveries {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.past[name]
}

// settingsOf is the part of a configuration that outputs are made of.
func settingsOf(c config.Config) config.Config {
	return config.Config{
		Root: c.Root, StateDir: c.StateDir, Outputs: c.Outputs, Proxy: c.Proxy, NoProxy: c.NoProxy,
		SpoolMaxBytes: c.SpoolMaxBytes, SpoolMaxAlerts: c.SpoolMaxAlerts, SpoolMaxAge: c.SpoolMaxAge,
	}
}

// Configure exchanges the outputs for those of another configuration. What waits in the spool stays
// there, and what is added meanwhile waits; whoever adds it does not. After an error the outputs are as
// they were.
func (o *Outputs) Configure(c config.Config) error {
	o.exchange.Lock()
	defer o.exchange.Unlock()
	if o.life.Err() != nil {
		return errors.New("the outputs have ended")
	}
	if !o.ended {
		if reflect.DeepEqual(settingsOf(c), settingsOf(o.opts.Config)) {
			return nil
		}
		before := o.current.Load()
		if before.spool.Flush(); before.spool.Stats().Held > 0 {
			return ErrBusy
		}
		o.beginExchange()
		o.endLocked(before)
		o.ended = true
	}
	err := o.open(c)
	if err == nil {
		o.opts.Config = c
	} else if again := o.open(o.opts.Config); again != nil {
		return fmt.Errorf("%w: %w, and those before can't be opened again: %w", ErrBusy, err, again)
	}
	o.ended = false
	o.endExchange()
	return err
}

// awaitExchange waits for an exchange that is under way: what was added meanwhile is not durable before.
func (o *Outputs) awaitExchange(ctx context.Context) error {
	for !o.exchange.TryLock() {
		select {
		case <-ctx.Done():
			return o.waitingLost()
		case <-time.After(5 * time.Millisecond):
		}
	}
	defer o.exchange.Unlock()
	return o.waitingLost()
}

// waitingLost returns what an exchange that came to no end loses, as an error.
func (o *Outputs) waitingLost() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) == 0 {
		return nil
	}
	return fmt.Errorf("%d documents waited for an exchange of the outputs that did not end, and are lost", len(o.waiting))
}

// endLocked ends outputs and notes what they did. A condition of one of them ends, too: it is about an
// output that there is no more.
func (o *Outputs) endLocked(n *openOutputs) {
	ctx, cancel := context.WithTimeout(o.life, exchangeTime)
	defer cancel()
	_ = n.close(ctx, func() {}) // what it did not end waits in the spool
	now := time.Now()
	for _, e := range n.spool.Events() {
		o.reportSpoolEvent(e)
	}
	o.mu.Lock()
	for _, d := range n.destinations {
		past, q := o.past[d.config.Name], d.queue.Stats()
		past.delivered, past.refused, past.lost = past.delivered+q.Delivered, past.refused+q.Dead, past.lost+q.Lost
		if d.runner != nil && !d.runner.Status().LastDelivery.IsZero() {
			past.last = d.runner.Status().LastDelivery
		}
		o.past[d.config.Name] = past
	}
	o.mu.Unlock()
	for _, d := range n.destinations {
		if !d.failing.IsZero() {
			o.opts.Report(health.OutputFailed.Of(d.config.Name), "the outputs were exchanged for those of another configuration", false, d.failing, now)
		}
	}
}

func (o *Outputs) beginExchange() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.exchanging = true
}

// endExchange adds what waited, in its order.
func (o *Outputs) endExchange() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.waiting {
		o.current.Load().spool.Add(e)
	}
	o.exchanging, o.waiting = false, nil
}
