// Package delivery carries every alert to the disk and from there to the places that the
// configuration names, each at its own pace. Whoever hands an alert over waits for no receiver.
package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"hooksnare/agent/config"
	"hooksnare/agent/health"
	"hooksnare/pkg/alert"
	"hooksnare/pkg/event"
	"hooksnare/pkg/forward"
	"hooksnare/pkg/hang"
	"hooksnare/pkg/spool"
)

// gatherPause is between two requests to a receiver elsewhere that are not full.
const gatherPause = 50 * time.Millisecond

// Outputs makes alerts durable and carries them to every place that the configuration
// names, in order, each at its own pace: a slow, failing or hanging one delays no other.
type Outputs struct {
	opts    Options // Configure changes its configuration
	current atomic.Pointer[openOutputs]
	shown   chan []byte    // what a person is shown; nil when nobody looks on
	showing sync.WaitGroup // what shows it

	life context.Context // done once Close was called, which hurries an exchange
	end  context.CancelFunc

	exchange sync.Mutex // held by Configure, for seconds; guards all that is reported, and what follows
	reported spoolReports
	ended    bool // an exchange has ended the outputs before, and opened no others yet

	mu         sync.Mutex // guards all below
	exchanging bool       // the outputs are being exchanged for others
	waiting    []spool.Entry
	past       map[string]pastDeliveries // of outputs before an exchange, by name
}

// openOutputs are the outputs of one configuration. Its fields do not change once it is open.
type openOutputs struct {
	spool        *spool.Spool
	temporary    string // folder of a spool that ends with the agent; "" for the usual one
	destinations []*destination
	stop         context.CancelFunc
	running      sync.WaitGroup // destinations
}

// destination is one place. Its fields do not change once it runs, but for those that Check owns.
type destination struct {
	config   config.Output
	queue    *spool.Queue
	sender   forward.Sender
	runner   *forward.Runner // nil without a sender
	unusable string          // why there is no sender

	failing time.Time // the begin of the condition that is on. Check owns it.
	seenBad time.Time // the last time that it was seen failing. Check owns it.
}

// Options are what Outputs are made of.
type Options struct {
	Config  config.Config
	Host    string        // name of this machine, for receivers
	Flush   time.Duration // how long Close may deliver what waits; 0 means 800 ms
	Version string
	Console io.Writer     // is written each alert for a person; nil for none
	Report  health.Report // takes what Check finds
	// Progress is called when a document is durable, with output "", and when an output has
	// acknowledged it. It must not wait; nil for nobody.
	Progress  func(id, output string)
	Disks     *health.HangingDisks // takes that the spool's disk hangs; nil for its own
	DiskLimit time.Duration        // of an operation of the spool's disk; 0 means 4 s

	// Hold is how long an output or a disk must work before its trouble is over; 0 means a
	// minute. The alert of a condition goes to the output that it is about, too: one that
	// fails now and then would raise alerts about its own alerts for ever.
	Hold    time.Duration
	senders func(*config.Config, *config.Output) (forward.Sender, error) // in tests
}

// maxShown bounds the alerts that wait for a person's terminal, which gets no more than it takes.
const maxShown = 256

// Open opens the spool and starts an output for each that is enabled. What can't be
// delivered now is tried again.
func Open(opts Options) (*Outputs, error) {
	if opts.senders == nil {
		opts.senders = opts.newSender
	}
	if opts.Flush == 0 {
		opts.Flush = 800 * time.Millisecond
	}
	if opts.Hold == 0 {
		opts.Hold = time.Minute
	}
	if opts.Progress == nil {
		opts.Progress = func(string, string) {}
	}
	if opts.Disks == nil {
		opts.Disks = health.NewHangingDisks()
	}
	o := &Outputs{opts: opts, past: map[string]pastDeliveries{}}
	o.life, o.end = context.WithCancel(context.Background())
	if err := o.open(opts.Config); err != nil {
		return nil, err
	}
	if opts.Console != nil {
		o.shown = make(chan []byte, maxShown)
		o.showing.Go(func() {
			for text := range o.shown {
				_, _ = opts.Console.Write(text)
			}
		})
	}
	return o, nil
}

// open opens the outputs of a configuration.
func (o *Outputs) open(c config.Config) error {
	places := enabledOutputs(c)
	n := &openOutputs{}
	if err := o.openSpool(n, c, places); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	n.stop = stop
	for _, p := range places {
		n.startDestination(ctx, &c, p, &o.opts)
	}
	o.current.Store(n)
	return nil
}

// enabledOutputs returns the outputs to open. Where the configuration leaves none, the default
// local log takes its place: an agent that alerts nobody might as well not run.
func enabledOutputs(c config.Config) (list []config.Output) {
	for _, out := range c.Outputs {
		if out.Enabled {
			list = append(list, out)
		}
	}
	if len(list) > 0 {
		return list
	}
	for _, out := range config.Default().Outputs {
		if out.Type == "file" {
			out.Path = filepath.Join("/", c.Root, out.Path)
			list = append(list, out)
		}
	}
	return list
}

// openSpool opens the spool. Where the state folder can't be used, alerts wait in a temporary one:
// they are delivered as long as the agent runs.
func (o *Outputs) openSpool(n *openOutputs, c config.Config, places []config.Output) error {
	opts := spool.Options{
		DiskLimit: o.opts.DiskLimit,
		Dir:       filepath.Join(c.StateDir, health.SpoolFolder), Hangs: o.opts.Disks.ReportFrom("spool"),
		Stored: func(document []byte) {
			id, _ := spool.EventOf(document)
			o.opts.Progress(id, "")
		},
		MaxBytes: c.SpoolMaxBytes, MaxAlerts: int(c.SpoolMaxAlerts), MaxAge: c.SpoolMaxAge,
	}
	for _, p := range places {
		opts.Outputs = append(opts.Outputs, spool.Output{Name: p.Name, MinSeverity: event.Severity(p.MinSeverity).Number()})
	}
	var err error
	n.spool, err = spool.Open(opts)
	for try := 0; try < 20 && errors.Is(err, spool.ErrLocked); try++ { // somebody may be looking, or an agent be ending
		time.Sleep(50 * time.Millisecond)
		n.spool, err = spool.Open(opts)
	}
	if errors.Is(err, spool.ErrLocked) {
		return fmt.Errorf("another agent runs: %w", err)
	}
	if err == nil {
		return nil
	}
	dir, tempErr := os.MkdirTemp("", "hooksnare-spool-")
	if tempErr != nil {
		return errors.Join(err, tempErr)
	}
	n.temporary, opts.Dir = dir, dir
	o.reported.elsewhere = fmt.Sprintf("alerts wait in %s, which does not outlive the agent: %v", dir, err)
	if n.spool, err = spool.Open(opts); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return nil
}

func (n *openOutputs) startDestination(ctx context.Context, of *config.Config, c config.Output, opts *Options) {
	d := &destination{config: c, queue: n.spool.Queue(c.Name)}
	n.destinations = append(n.destinations, d)
	var err error
	if d.sender, err = opts.senders(of, &c); err == nil {
		var gather time.Duration // a local output has everything at once: nothing is gained by waiting for more
		if !c.Local() {
			gather = gatherPause
		}
		d.runner, err = forward.NewRunner(forward.Options{
			Gather: gather, Name: c.Name, Queue: queue{d.queue, func(id string) { opts.Progress(id, c.Name) }}, Sender: d.sender, Flush: opts.Flush,
		})
	}
	if err != nil {
		d.unusable = err.Error()
		return
	}
	n.running.Go(func() { _ = d.runner.Run(ctx) })
}

// AddAlert hands over an alert, or an update of one, and its line, which nobody changes.
func (o *Outputs) AddAlert(a *alert.Alert, line []byte) {
	if o.shown != nil {
		var text bytes.Buffer
		_ = a.Write(&text) // to memory
		select {
		case o.shown <- text.Bytes():
		default: // so many wait that nobody can be reading them
		}
	}
	at := time.Now()
	if a.Timestamp != nil {
		at = a.Timestamp.Time
	}
	o.add(spool.Entry{Document: line, Severity: a.Event.Severity, Time: at, Share: a.Share})
}

// add has an entry stored, or lets it wait while the outputs are exchanged.
func (o *Outputs) add(e spool.Entry) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.exchanging {
		o.waiting = append(o.waiting, e)
		return
	}
	o.current.Load().spool.Add(e)
}

// AddHeartbeat hands over a heartbeat, which goes to every output.
func (o *Outputs) AddHeartbeat(b *alert.Heartbeat) error {
	line, err := b.Line()
	if err != nil {
		return err
	}
	o.add(spool.Entry{Document: line, Everywhere: true, Time: time.Now(), Share: alert.OwnShare})
	return nil
}

// Reopen opens the files of outputs again, as after a rotation.
func (o *Outputs) Reopen() {
	for _, d := range o.current.Load().destinations {
		if f, ok := d.sender.(*fileSink); ok {
			go f.reopen() // its disk may hang
		}
	}
}

// Stats returns how the spool stands.
func (o *Outputs) Stats() spool.Stats { return o.current.Load().spool.Stats() }

// Delivered reports whether all that was handed over is durable.
func (o *Outputs) Delivered() bool {
	o.mu.Lock()
	waiting := len(o.waiting)
	o.mu.Unlock()
	st := o.Stats()
	return st.Added == 0 && st.Held == 0 && waiting == 0
}

// Close makes durable what is not, delivers what is waiting, until ctx is done, and ends the
// outputs. What is left waits for the next start; the error says what does not. Nothing may
// be added once it was called. A disk that hangs costs a second more.
func (o *Outputs) Close(ctx context.Context) error {
	o.end()
	lost := o.awaitExchange(ctx)
	return errors.Join(lost, o.current.Load().close(ctx, func() {
		if o.shown != nil {
			close(o.shown)
		}
		o.showing.Wait()
	}))
}

// close is Outputs.Close. also is waited for, too.
func (n *openOutputs) close(ctx context.Context, also func()) error {
	ended := make(chan struct{})
	go func() { // ends with the outputs; one that hangs in the system ends with the process
		n.spool.Flush()
		n.stop()
		also()
		n.running.Wait()
		close(ended)
	}()
	var hung error
	select {
	case <-ended:
	case <-ctx.Done():
		n.stop()
		hung = errors.New("an output did not end in time: what it did not acknowledge waits for the next start")
	}
	err := errors.Join(hung, n.spool.Close())
	if n.temporary != "" && !errors.Is(err, hang.ErrHangs) {
		err = errors.Join(err, os.RemoveAll(n.temporary)) // alerts say much about a Mac
	}
	return err
}

// Abandon ends the outputs of an agent that was never run.
func (o *Outputs) Abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = o.Close(ctx)
}
