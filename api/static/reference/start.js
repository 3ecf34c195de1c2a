// Shows the document of this installation. A file of its own: the page forbids scripts within itself.
window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#reference",
    deepLinking: true,
    displayRequestDuration: true,
    // Nothing is sent to the validator of others.
    validatorUrl: null,
    defaultModelsExpandDepth: 0,
  });
});
