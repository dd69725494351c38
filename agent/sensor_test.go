package agent

import (
	"testing"

	"hooksnare/agent/health"
	"hooksnare/collector/eslogger"
)

func TestSensorCondition(t *testing.T) {
	if got := sensorCondition(eslogger.NoFullDiskAccess); got != (health.Condition{Name: health.NoFullDiskAccess}) {
		t.Errorf("got %v", got)
	}
	if got := sensorCondition("new one").String(); got != "unknown.new%20one" {
		t.Errorf("a condition that the table lacks: got %s", got)
	}
}
