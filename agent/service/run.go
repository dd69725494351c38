package service

import (
	"context"
	"fmt"

	kardianos "github.com/kardianos/service"
)

// Run runs the agent until it returns or the context ends, and returns its error. The
// agent gets a context of its own that ends with the given one; Run always waits for
// the agent. Signals are the caller's: they end the context.
func Run(ctx context.Context, agent func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &program{agent: agent, ctx: ctx, cancel: cancel, done: make(chan struct{})}
	svc, err := kardianos.New(p, &kardianos.Config{
		Name: Label,
		// Without RunWait the library waits for a signal of its own, and would sit on after the
		// agent has ended.
		Option: kardianos.KeyValue{"RunWait": p.wait},
	})
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return svc.Run()
}

// program is the agent as the library sees it.
type program struct {
	agent  func(context.Context) error
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of the agent, once done is closed
}

// Start must not block: the library calls wait after it.
func (p *program) Start(kardianos.Service) error {
	go func() {
		defer close(p.done)
		p.err = p.agent(p.ctx)
	}()
	return nil
}

func (p *program) wait() { <-p.done }

// Stop ends the agent, if it has not ended by itself, and hands over its error.
func (p *program) Stop(kardianos.Service) error {
	p.cancel()
	<-p.done
	return p.err
}
