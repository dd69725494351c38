// Package delivery carries every alert to the disk and from there to the places that the
// configuration names, each at its own pace. Whoever hands an alert over waits for no receiver.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// Outputs makes alerts durable and carries them to every place that the configuration
// names, in order, each at its own pace: a slow, failing or hanging one delays no other.
type Outputs struct {
	spool        *spool.Spool
	passing      string // the folder of a spool that does not outlive the agent; "" for the usual one
	destinations []*destination
	show         *console // nil: nobody looks on
	report       health.Report

	hangs    *health.HangingDisks
	holdHang time.Duration // how long the disk must answer until it counts as well

	mu       sync.Mutex    // guards what follows, up to refusing
	room     chan struct{} // closed when there is room for more
	stalled  bool          // the disk takes nothing: nobody waits for room
	shed     shed
	pending  []spool.Entry // not durable yet, the oldest first
	bytes    int
	flying   bool // some are being made durable
	closing  bool
	refusing error // why alerts could not even be held

	progress func(id, output string)
	reported spoolReports

	wake chan struct{}
	done chan struct{} // the writer has ended
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// destination is one place.
type destination struct {
	config config.Output
	queue  *spool.Queue
	sender forward.Sender
	runner *forward.Runner
	faults destinationFaults
}

// Options are what Outputs are made of.
type Options struct {
	Config  config.Config
	Host    string        // name of this machine, for receivers
	Flush   time.Duration // how long Close may deliver what waits; 0 means 800 ms
	Version string
	Console io.Writer     // is written each alert for a person; nil for none
	Report  health.Report // is told what Check finds
	// Progress is called when a document is durable, with output "", and when an output has
	// acknowledged it. It must not wait; nil for nobody.
	Progress func(id, output string)
	Disks    *health.HangingDisks // is told when the spool's disk hangs; nil for one of their own

	Timing  Timing
	senders func(config.Output) (forward.Sender, error) // in tests
}

// Open opens the spool and starts an output for each that is enabled. What can't be
// delivered now is tried again.
func Open(o Options) (*Outputs, error) {
	o.Timing.setDefaults()
	if o.senders == nil {
		o.senders = o.newSender
	}
	if o.Flush == 0 {
		o.Flush = 800 * time.Millisecond
	}
	if o.Progress == nil {
		o.Progress = func(string, string) {}
	}
	if o.Disks == nil {
		o.Disks = health.NewHangingDisks()
	}
	all := &Outputs{
		report: o.Report, progress: o.Progress, hangs: o.Disks, holdHang: o.Timing.Hold,
		wake: make(chan struct{}, 1), room: make(chan struct{}), done: make(chan struct{}),
	}
	places := enabledOutputs(o.Config)
	if err := all.openSpool(o.Config, places); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	all.stop = stop
	for _, c := range places {
		all.startDestination(ctx, c, o)
	}
	if o.Console != nil {
		all.show = newConsole(o.Console)
	}
	go all.runWriter()
	return all, nil
}

// openSpool opens the spool. Where the state folder can't be used, alerts wait in a temporary one:
// they are delivered as long as the agent runs.
func (all *Outputs) openSpool(c config.Config, places []config.Output) error {
	o := spool.Options{
		Dir: filepath.Join(c.StateDir, health.SpoolFolder), Hangs: all.hangs.ReportFrom("spool"),
		MaxBytes: c.SpoolMaxBytes, MaxAlerts: int(c.SpoolMaxAlerts), MaxAge: c.SpoolMaxAge,
	}
	for _, p := range places {
		o.Outputs = append(o.Outputs, spool.Output{Name: p.Name, MinSeverity: event.Severity(p.MinSeverity).Number()})
	}
	s, err := spool.Open(o)
	for range 20 { // somebody may just be asking whether it is in use, or an agent be ending
		if !errors.Is(err, spool.ErrLocked) {
			break
		}
		time.Sleep(50 * time.Millisecond)
		s, err = spool.Open(o)
	}
	if errors.Is(err, spool.ErrLocked) {
		return fmt.Errorf("another agent runs: %w", err)
	}
	if err != nil {
		dir, tempErr := os.MkdirTemp("", "hooksnare-spool-")
		if tempErr != nil {
			return errors.Join(err, tempErr)
		}
		all.passing = dir
		all.reported.elsewhere = fmt.Sprintf("alerts wait in %s, which does not outlive the agent: %v", dir, err)
		o.Dir = dir
		if s, err = spool.Open(o); err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
	}
	all.spool = s
	return nil
}

func (all *Outputs) startDestination(ctx context.Context, c config.Output, o Options) {
	out := &destination{config: c, queue: all.spool.Queue(c.Name), faults: destinationFaults{report: all.report, timing: o.Timing, remote: remote(c.Type)}}
	all.destinations = append(all.destinations, out)
	s, err := o.senders(c)
	if err == nil {
		out.sender = s
		r := forward.Options{Name: c.Name, Queue: queue{out.queue, all.progress, c.Name}, Sender: out.sender, Flush: o.Flush}
		if !remote(c.Type) {
			r.Gather = -1 // nothing is gained by waiting for more
		}
		if c.Type == "syslog" {
			r.MaxItems = 1 // a line that is sent can't be taken back
		}
		out.runner, err = forward.NewRunner(r)
	}
	if err != nil {
		out.faults.unusable = err.Error()
		return
	}
	all.wg.Go(func() { _ = out.runner.Run(ctx) })
}

// AddAlert hands over an alert, or an update of one.
func (all *Outputs) AddAlert(a *alert.Alert) error {
	line, err := a.Line()
	if err != nil {
		return err
	}
	all.show.print(a)
	at := time.Now()
	if a.Timestamp != nil {
		at = a.Timestamp.Time
	}
	all.enqueue(spool.Entry{Document: line, Severity: a.Event.Severity, Time: at, Share: a.Share})
	return nil
}

// AddHeartbeat hands over a heartbeat, which goes to every output.
func (all *Outputs) AddHeartbeat(b *alert.Heartbeat) error {
	line, err := b.Line()
	if err != nil {
		return err
	}
	all.enqueue(spool.Entry{Document: line, Everywhere: true, Time: time.Now(), Share: alert.OwnShare})
	return nil
}

func signalOnce(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// runWriter makes durable what is pending, until it is told to close and nothing is.
func (all *Outputs) runWriter() {
	defer close(all.done)
	for {
		batch, closing := all.dequeue()
		if len(batch) == 0 {
			if closing {
				return
			}
			<-all.wake
			continue
		}
		all.storeBatch(batch)
		all.mu.Lock()
		all.flying = false
		all.mu.Unlock()
	}
}

// storeBatch makes a batch durable. If one of its documents can't be kept, the others are.
func (all *Outputs) storeBatch(batch []spool.Entry) {
	err := all.spool.Put(batch...)
	switch {
	case err == nil:
		for i := range batch {
			id, _ := spool.EventOf(batch[i].Document)
			all.progress(id, "")
		}
	case errors.Is(err, spool.ErrHeld): // the spool reports what it holds
	case len(batch) > 1:
		for i := range batch {
			all.storeBatch(batch[i : i+1])
		}
	default:
		all.mu.Lock()
		all.refusing = err
		all.mu.Unlock()
	}
}

// Reopen makes every output open its files anew, and try again at once.
func (all *Outputs) Reopen() {
	for _, o := range all.destinations {
		if o.sender == nil {
			continue
		}
		if f, ok := o.sender.(*fileSink); ok {
			go f.reopen() // its disk may hang
		}
	}
}

// Stats returns how the spool stands.
func (all *Outputs) Stats() spool.Stats { return all.spool.Stats() }

// Delivered reports whether all that was handed over is durable.
func (all *Outputs) Delivered() bool {
	all.mu.Lock()
	waiting := len(all.pending) > 0 || all.flying
	all.mu.Unlock()
	return !waiting && all.spool.Stats().Held == 0
}

// Close makes durable what is not, delivers what is waiting, until ctx is done, and ends the
// outputs. What is left waits for the next start; the error tells what does not. Nothing may
// be added once it was called. A disk that hangs costs a second more.
func (all *Outputs) Close(ctx context.Context) error {
	all.mu.Lock()
	all.closing = true
	all.signalRoom()
	all.mu.Unlock()
	signalOnce(all.wake)
	ended := make(chan struct{})
	go func() { // ends with the outputs; one that hangs in the system ends with the process
		<-all.done
		all.stop()
		all.wg.Wait()
		all.show.close()
		close(ended)
	}()
	var hung error
	select {
	case <-ended:
	case <-ctx.Done():
		all.stop()
		hung = errors.New("an output did not end in time: what it did not acknowledge waits for the next start")
	}
	err := errors.Join(hung, all.spool.Close())
	if all.passing != "" && !errors.Is(err, hang.ErrHangs) {
		err = errors.Join(err, os.RemoveAll(all.passing)) // alerts tell much of a Mac
	}
	return err
}

// Abandon ends the outputs of an agent that was never run.
func (all *Outputs) Abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = all.Close(ctx)
}
