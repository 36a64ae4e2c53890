// Command validate renders kustomize overlays and checks every object without a cluster: strictly decoded by Kubernetes' own
// types, the restricted Pod Security profile, and what Eigenloom asks of each workload (probes, requests, memory limits, no
// service account token).
//
// Usage: validate OVERLAY...
package main

import (
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	failures := 0
	for _, overlay := range os.Args[1:] {
		objects, err := render(overlay)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", overlay, err)
			failures++
			continue
		}
		problems := 0
		for _, object := range objects {
			for _, problem := range check(object) {
				fmt.Fprintf(os.Stderr, "%s: %s\n", overlay, problem)
				problems++
			}
		}
		for _, problem := range references(objects) {
			fmt.Fprintf(os.Stderr, "%s: %s\n", overlay, problem)
			problems++
		}
		failures += problems
		fmt.Printf("%s: %d objects, %d problems\n", overlay, len(objects), problems)
	}
	if failures > 0 {
		os.Exit(1)
	}
}

// render builds an overlay and decodes it; unknown and duplicate fields are errors.
func render(overlay string) ([]runtime.Object, error) {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), overlay)
	if err != nil {
		return nil, err
	}
	known := runtime.NewScheme()
	utilruntime.Must(scheme.AddToScheme(known))
	decoder := serializer.NewCodecFactory(known, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for _, resource := range resources.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return nil, err
		}
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", resource.CurId(), err)
		}
		objects = append(objects, object)
	}
	return objects, nil
}
