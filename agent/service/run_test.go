package service

import (
	"context"
	"errors"
	"testing"
)

func TestRunReturnsTheAgentsError(t *testing.T) {
	broken := errors.New("broken")
	for _, want := range []error{nil, broken} {
		if err := Run(t.Context(), func(context.Context) error { return want }); !errors.Is(err, want) {
			t.Errorf("Run: error %v, want %v", err, want)
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "value"))
	ended := false
	err := Run(ctx, func(ctx context.Context) error {
		if ctx.Value(key{}) != "value" {
			t.Error("the agent's context is not of Run's")
		}
		cancel()
		<-ctx.Done()
		ended = true // Run must wait for this
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || !ended {
		t.Errorf("Run: error %v, agent ended %v, want %v and true", err, ended, context.Canceled)
	}
}
