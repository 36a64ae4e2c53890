package main

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func localObjects(t *testing.T) []runtime.Object {
	t.Helper()
	objects, err := render("../overlays/local")
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func firstDeployment(t *testing.T, objects []runtime.Object) *appsv1.Deployment {
	t.Helper()
	for _, object := range objects {
		if deployment, ok := object.(*appsv1.Deployment); ok {
			return deployment
		}
	}
	t.Fatal("no deployment")
	return nil
}

func TestOverlayIsClean(t *testing.T) {
	objects := localObjects(t)
	for _, object := range objects {
		if problems := check(object); len(problems) > 0 {
			t.Error(problems)
		}
	}
	if problems := references(objects); len(problems) > 0 {
		t.Error(problems)
	}
}

// Each change breaks one rule, and the validator must say so.
func TestEachRuleCanFail(t *testing.T) {
	yes := true
	rules := map[string]func(*corev1.PodTemplateSpec){
		"restricted Pod Security": func(pod *corev1.PodTemplateSpec) { pod.Spec.SecurityContext.RunAsNonRoot = nil },
		"service account token":   func(pod *corev1.PodTemplateSpec) { pod.Spec.AutomountServiceAccountToken = &yes },
		"no size limit": func(pod *corev1.PodTemplateSpec) {
			pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: "x", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		},
		"liveness probe":  func(pod *corev1.PodTemplateSpec) { pod.Spec.Containers[0].LivenessProbe = nil },
		"requests no CPU": func(pod *corev1.PodTemplateSpec) { pod.Spec.Containers[0].Resources.Requests = nil },
		"no memory limit": func(pod *corev1.PodTemplateSpec) { pod.Spec.Containers[0].Resources.Limits = nil },
		"writable": func(pod *corev1.PodTemplateSpec) {
			pod.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = nil
		},
		"does not match its pods": func(pod *corev1.PodTemplateSpec) { pod.Labels = nil },
	}
	for expected, breakRule := range rules {
		deployment := firstDeployment(t, localObjects(t))
		breakRule(&deployment.Spec.Template)
		if problems := strings.Join(check(deployment), "; "); !strings.Contains(problems, expected) {
			t.Errorf("expected %q among %q", expected, problems)
		}
	}
}

func TestDanglingReferencesAreFound(t *testing.T) {
	objects := localObjects(t)
	firstDeployment(t, objects).Spec.Template.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name = "absent"
	if problems := strings.Join(references(objects), "; "); !strings.Contains(problems, "no ConfigMap absent") {
		t.Errorf("got %q", problems)
	}
}
